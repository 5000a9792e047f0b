namespace Coordinator.Domain.Catalog;

/// <summary>One live (not dropped, not system) column of a table.</summary>
public sealed record ColumnInfo
{
    public required string Name { get; init; }

    /// <summary>
    /// The type as <c>format_type</c> writes it, e.g. <c>character varying(80)</c>. This, the default and index definitions are pasted into
    /// statements: read them with an empty search path, so that names of other schemas come qualified.
    /// </summary>
    public required string Type { get; init; }

    /// <summary>Quoted and qualified; only when it is not the type's default.</summary>
    public string? Collation { get; init; }

    public bool NotNull { get; init; }

    /// <summary>True for a domain with constraints: adding a column of it rewrites the table.</summary>
    public bool IsConstrainedDomain { get; init; }

    /// <summary>The default's expression as <c>pg_get_expr</c> writes it, null if there is none.</summary>
    public string? Default { get; init; }

    public bool IsGenerated { get; init; }

    public bool IsIdentity { get; init; }

    /// <summary>False for types without an equality operator (json, xml, point, …).</summary>
    public bool HasEquality { get; init; } = true;

    public string? Comment { get; init; }

    /// <summary>Column-level privileges as <c>PRIVILEGE|role</c> (role unquoted, <c>PUBLIC</c> for everybody); a trailing <c>|grantable</c> for WITH GRANT OPTION.</summary>
    public IReadOnlyList<string> Grants { get; init; } = [];

    /// <summary>Views, rules, generated columns, policies, functions, statistics with a recorded dependency on the column, in words.</summary>
    public IReadOnlyList<string> DependentObjects { get; init; } = [];

    /// <summary>The sequence owned by the column, if any.</summary>
    public string? OwnedSequence { get; init; }

    /// <summary>The statistics target, null when it is the server's default.</summary>
    public int? StatisticsTarget { get; init; }

    /// <summary><c>plain</c>, <c>external</c>, <c>extended</c> or <c>main</c>; null when it is the type's default.</summary>
    public string? Storage { get; init; }

    /// <summary><c>pglz</c> or <c>lz4</c>; null when it follows the server's default.</summary>
    public string? Compression { get; init; }

    /// <summary>Column options such as <c>n_distinct=100</c>, as in <c>attoptions</c>.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>True when the column belongs to the table's replica identity index (<c>REPLICA IDENTITY USING INDEX</c>).</summary>
    public bool IsInReplicaIdentity { get; init; }

    /// <summary>Publications whose column list names this column.</summary>
    public IReadOnlyList<string> PublicationColumnLists { get; init; } = [];
}
