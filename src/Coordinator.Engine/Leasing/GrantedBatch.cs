using Coordinator.Domain.Plans;

namespace Coordinator.Engine.Leasing;

/// <summary>A batch that a worker may run, and everything that it needs for that.</summary>
public sealed record GrantedBatch
{
    /// <summary>Which grant this is.</summary>
    public required LeaseToken Token { get; init; }

    /// <summary>The target's name; the worker knows its connection.</summary>
    public required string Target { get; init; }

    /// <summary>The first table block.</summary>
    public required long FirstBlock { get; init; }

    /// <summary>One past the last table block.</summary>
    public required long EndBlock { get; init; }

    /// <summary>The statement, with the two bounds as its parameters.</summary>
    public required string Statement { get; init; }

    /// <summary>The fence generation of the target that was in force at the grant.</summary>
    public required long Generation { get; init; }

    /// <summary>The target's system identifier.</summary>
    public required long SystemIdentifier { get; init; }

    /// <summary>The target's timeline, 8 hexadecimal digits.</summary>
    public required string Timeline { get; init; }

    /// <summary>The table whose sync trigger every batch checks; empty when there is none.</summary>
    public required string TriggerTable { get; init; }

    /// <summary>That trigger's name.</summary>
    public required string TriggerName { get; init; }

    /// <summary>The table, qualified and quoted, whose rows go into quarantine when they can't be written; empty when none do.</summary>
    public string Table { get; init; } = "";

    /// <summary>How long the lease lasts, counted from when the worker sent its request.</summary>
    public required TimeSpan LeaseDuration { get; init; }

    /// <summary>How long the worker waits after this batch before it starts another in its place.</summary>
    public TimeSpan Pause { get; init; }

    /// <summary>How long the batch may wait for one lock.</summary>
    public required TimeSpan LockTimeout { get; init; }

    /// <summary>How long its statement may run.</summary>
    public required TimeSpan StatementTimeout { get; init; }

    /// <summary>The worker's own code that runs the batch in place of the statement; empty when the statement does.</summary>
    public string Handler { get; init; } = "";

    /// <summary>
    /// The key by which rows are handed out: then a "block" is what lies between two marks of its key space. None: table blocks.
    /// </summary>
    public IReadOnlyList<KeyColumn> Key { get; init; } = [];
}
