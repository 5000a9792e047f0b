namespace Coordinator.Postgres.Catalog;

/// <summary>One live column of a table.</summary>
public sealed record CatalogColumn
{
    /// <summary>The column's name.</summary>
    public required string Name { get; init; }

    /// <summary>As <c>format_type</c> writes it, e.g. <c>character varying(80)</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Quoted and qualified; null when it is the type's default.</summary>
    public string? Collation { get; init; }

    /// <summary>Declared NOT NULL (PostgreSQL 18: validated or not).</summary>
    public bool NotNull { get; init; }

    /// <summary>The default as <c>pg_get_expr</c> writes it; null when there is none, or the column is generated.</summary>
    public string? Default { get; init; }

    /// <summary>A generated column.</summary>
    public bool IsGenerated { get; init; }

    /// <summary>An identity column.</summary>
    public bool IsIdentity { get; init; }

    /// <summary>
    /// Whether "equal" means "the same" for this type: false where there is no equality operator (json, xml, point), and
    /// where equal values can be written differently (numeric without a scale, interval, citext, jsonb, a collation that
    /// ignores case), since a write between two such values would go unseen.
    /// </summary>
    public bool HasEquality { get; init; }

    /// <summary>The comment, null if none.</summary>
    public string? Comment { get; init; }

    /// <summary>Column-level privileges as <c>PRIVILEGE|role</c> (<c>PUBLIC</c> for everybody), <c>|grantable</c> behind where it may be passed on.</summary>
    public IReadOnlyList<string> Grants { get; init; } = [];

    /// <summary>Views, rules, generated columns, policies, functions, triggers' conditions and statistics that depend on the column, in words.</summary>
    public IReadOnlyList<string> DependentObjects { get; init; } = [];

    /// <summary>The sequence that the column owns, quoted and qualified.</summary>
    public string? OwnedSequence { get; init; }

    /// <summary>The statistics target, null when it is the server's default.</summary>
    public int? StatisticsTarget { get; init; }

    /// <summary><c>plain</c>, <c>external</c>, <c>extended</c> or <c>main</c>; null when it is the type's default.</summary>
    public string? Storage { get; init; }

    /// <summary><c>pglz</c> or <c>lz4</c>; null when it follows the server's default.</summary>
    public string? Compression { get; init; }

    /// <summary>Whether its type is a domain with constraints, its own or those of a domain that it is made of.</summary>
    public bool IsConstrainedDomain { get; init; }

    /// <summary>Column options such as <c>n_distinct=100</c>.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>Part of the replica identity's index.</summary>
    public bool IsInReplicaIdentity { get; init; }

    /// <summary>Publications whose column list names this column.</summary>
    public IReadOnlyList<string> PublicationColumnLists { get; init; } = [];
}
