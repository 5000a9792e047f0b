using Coordinator.Postgres.Catalog;

namespace Coordinator.Postgres.Ddl;

/// <summary>
/// One transaction of DDL: it touches the catalogue only and never scans, because other sessions wait while it runs.
/// </summary>
public sealed record DdlStep
{
    /// <summary>The migration's name: one half of the marker's key.</summary>
    public required string Migration { get; init; }

    /// <summary>The step's id: the other half.</summary>
    public required string Step { get; init; }

    /// <summary>Statements in order, one each, no transaction control.</summary>
    public required IReadOnlyList<string> Statements { get; init; }

    /// <summary>Run under the lock and before the statements; one that raises rolls everything back.</summary>
    public IReadOnlyList<DdlGuard> Guards { get; init; } = [];

    /// <summary>Statements are an operator's own: each runs inside a function, where PostgreSQL refuses to end the transaction.</summary>
    public bool InFunction { get; init; }

    /// <summary>
    /// The table to lock first, in <see cref="LockMode"/>. With the strongest lock taken at once no statement upgrades a
    /// lock (which deadlocks with a session that reads and then writes), only one wait counts, guards see what the
    /// statements will see, and we know whom to look out for before the attempt. Null where no one table is concerned.
    /// </summary>
    public TableName? LockTable { get; init; }

    /// <summary>How strongly. Choose the weakest that covers all statements: readers pass by anything but AccessExclusive.</summary>
    public DdlLockMode LockMode { get; init; } = DdlLockMode.AccessExclusive;

    /// <summary>The longest that guards and statements together may hold the lock.</summary>
    public TimeSpan MaxHold { get; init; } = TimeSpan.FromSeconds(1);
}
