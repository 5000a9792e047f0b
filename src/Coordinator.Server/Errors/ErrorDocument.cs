using Coordinator.Server.Hosting;

namespace Coordinator.Server.Errors;

/// <summary>An error as JSON. The names are API: they change only with <see cref="SchemaVersion"/>.</summary>
internal sealed record ErrorDocument
{
    public int SchemaVersion { get; init; } = JsonAnswer.SchemaVersion;

    public required ErrorBody Error { get; init; }
}

/// <summary>What an error says: the facts of <see cref="CallError"/>.</summary>
internal sealed record ErrorBody
{
    /// <summary>gRPC's status, such as NOT_FOUND.</summary>
    public required string Status { get; init; }

    /// <summary>The stable reason.</summary>
    public required string Reason { get; init; }

    public required string Message { get; init; }

    /// <summary>What to do.</summary>
    public required string Remedy { get; init; }

    /// <summary>When to try again; null when trying again is no use.</summary>
    public int? RetryAfterSeconds { get; init; }

    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    public required IReadOnlyList<FieldProblem> Fields { get; init; }
}
