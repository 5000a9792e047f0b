using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Engine.Tests;

/// <summary>
/// Holds back the commit of transactions that insert or update certain rows: a deferred trigger waits, at the commit, for a row
/// that the test has locked. What the transaction did before is done, and nobody else sees it.
/// </summary>
public static class CommitBarrier
{
    /// <summary>Takes the barrier's row: from now on the transactions wait for the holder.</summary>
    public const string Close = "select from barrier for update";

    /// <summary>For a transaction of the engine's that should wait too, as its last statement.</summary>
    public static NpgsqlBatchCommand WaitCommand() => new("select from barrier for share");

    /// <summary>Installs the barrier on a table, for rows that fulfil the condition (over <c>new</c>).</summary>
    public static Task InstallAsync(TestDatabase database, string table, string condition, string onEvent = "insert") => database.ExecuteAsync(
        $"""
        create table barrier as select 1 as one;
        create function wait_at_barrier() returns trigger language plpgsql as
            $$ begin perform from barrier for share; return null; end $$;
        create constraint trigger wait_at_barrier after {onEvent} on {table} deferrable initially deferred
            for each row when ({condition}) execute function wait_at_barrier();
        """);
}
