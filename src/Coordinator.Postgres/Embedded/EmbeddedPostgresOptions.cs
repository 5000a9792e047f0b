namespace Coordinator.Postgres.Embedded;

/// <summary>How <see cref="EmbeddedPostgres"/> starts its server.</summary>
public sealed class EmbeddedPostgresOptions
{
    /// <summary>Where data, socket and log lie. Default: a new directory below the temporary one, removed at the end.</summary>
    public string? Directory { get; init; }

    /// <summary>Server settings, as for <c>postgres -c</c>. Default: none beyond PostgreSQL's own.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>How long a start may take, crash recovery included. Default: 60 seconds.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(60);
}
