using System.Text.Json.Serialization;
using Coordinator.Server.Hosting;

namespace Coordinator.Server.Readiness;

/// <summary>An answer to a deploy tool as JSON. The names are API: they change only with <see cref="SchemaVersion"/>.</summary>
internal sealed record ReadinessDocument
{
    public int SchemaVersion { get; init; } = JsonAnswer.SchemaVersion;

    /// <summary>Whether the verdict is READY, for tools that can test no more than one field for true.</summary>
    public required bool Ready { get; init; }

    /// <summary>READY, WAIT or BLOCKED.</summary>
    public required string Verdict { get; init; }

    /// <summary>When to ask again, on WAIT; else null.</summary>
    public required int? RetryAfterSeconds { get; init; }

    /// <summary>Why not; empty when ready.</summary>
    public required IReadOnlyList<BlockerDocument> Blockers { get; init; }

    /// <summary>What a contract would take away for good although nothing stands against it; not there for other questions.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<BlockerDocument>? Losses { get; init; }

    public static ReadinessDocument Of(ReadinessAnswer answer) => new()
    {
        Ready = answer.Verdict == Engine.Readiness.Verdict.Ready,
        Verdict = answer.Verdict switch
        {
            Engine.Readiness.Verdict.Ready => "READY",
            Engine.Readiness.Verdict.Wait => "WAIT",
            Engine.Readiness.Verdict.Blocked => "BLOCKED",
            _ => throw new ArgumentOutOfRangeException(nameof(answer), answer.Verdict, "Not a verdict."),
        },
        RetryAfterSeconds = JsonAnswer.Seconds(answer.RetryAfter),
        Blockers = [.. answer.Blockers.Select(Of)],
        Losses = answer.Losses is { } losses ? [.. losses.Select(Of)] : null,
    };

    private static BlockerDocument Of(AskedBlocker asked) => new(
        asked.Blocker.Code, asked.Blocker.Subject, asked.Blocker.Message, asked.Blocker.ClearedBy)
    {
        Question = asked.Question,
    };
}

/// <summary>One reason against it, as in <c>coordinator.v1.Blocker</c>.</summary>
internal sealed record BlockerDocument(string Code, string Subject, string Message, string ClearedBy)
{
    /// <summary>The question that it belongs to, as in the query; not there where the path asked one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Question { get; init; }
}
