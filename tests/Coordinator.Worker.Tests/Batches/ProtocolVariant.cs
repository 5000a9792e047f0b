using Coordinator.Testing;
using Coordinator.Worker.Batches;
using Npgsql;
using NpgsqlTypes;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>The batch protocol, or a deliberately broken copy of it.</summary>
internal sealed record ProtocolVariant(string Name)
{
    /// <summary>The messages of a batch; the real ones unless the variant leaves some out.</summary>
    public Func<BatchGrant, IReadOnlyList<NpgsqlBatchCommand>> Batch { get; init; } = BatchProtocol.Batch;

    /// <summary>Whether epochs from 2 are raised in a transaction of their own.</summary>
    public bool Raises { get; init; } = true;

    /// <summary>Breaks the functions in a target of its own.</summary>
    public Func<InstalledTarget, Task> Install { get; init; } = _ => Task.CompletedTask;

    public static ProtocolVariant Real { get; } = new("real");

    /// <summary>Broken copies. Where another guard would mask the broken one, that guard is taken away as well.</summary>
    public static IReadOnlyList<ProtocolVariant> Mutants { get; } =
    [
        new("lease only, no fence")
        {
            Raises = false,
            Batch = grant => [new("begin"), Apply(grant), new("commit")],
        },
        new("the ledger row is read and not locked") { Install = target => UnlockAsync(target, "") },
        new("the ledger row is locked FOR KEY SHARE") { Install = target => UnlockAsync(target, "for key share") },
        new("a guard that returns instead of raising")
        {
            Install = target => MutantFunctions.ReplaceAsync(target, "require", ("if condition is not true then", "if false then")),
        },
        new("a ledger insert whose count nobody looks at")
        {
            Raises = false,
            Batch = grant =>
            {
                var real = BatchProtocol.Batch(grant);
                return [real[0], real[^2], real[^1]];
            },
            Install = target => target.ExecuteAsCoordinatorAsync(
                """
                create or replace function coordinator.finish_batch(
                  p_migration text, p_step text, p_batch bigint, p_epoch bigint, p_lease_id uuid, p_rows bigint) returns void
                language sql security definer set search_path = pg_catalog, pg_temp as $$
                  insert into coordinator.ledger (migration, step, batch, lo, hi, epoch, lease_id, state, rows)
                  values (p_migration, p_step, p_batch, 0, 0, p_epoch, p_lease_id, 'done', p_rows)
                  on conflict do nothing
                $$
                """),
        },
        new("an equal epoch without a look at the lease")
        {
            Install = async target =>
            {
                await MutantFunctions.ReplaceAsync(
                    target, "raise_batch",
                    ("(l.epoch = excluded.epoch and l.lease_id = excluded.lease_id)", "l.epoch = excluded.epoch"));
                await MutantFunctions.ReplaceAsync(target, "claim_batch", (" and v_ledger.lease_id = p_lease_id", ""));
                await MutantFunctions.ReplaceAsync(target, "finish_batch", (" and l.lease_id = p_lease_id", ""));
            },
        },
    ];

    public override string ToString() => Name;

    private static async Task UnlockAsync(InstalledTarget target, string mode)
    {
        await MutantFunctions.ReplaceAsync(
            target, "claim_batch",
            ("for no key update", mode),
            ("pg_try_advisory_xact_lock(coordinator.batch_key(p_migration, p_step, p_batch))", "true"),
            ("where l.migration = p_migration and l.step = p_step and l.batch = p_batch;\nend", "where false;\nend"));
        await MutantFunctions.ReplaceAsync(
            target, "finish_batch",
            ("and l.epoch = p_epoch and l.lease_id = p_lease_id and l.state = 'open' and l.xid = pg_current_xact_id()", ""));
    }

    private static NpgsqlBatchCommand Apply(BatchGrant grant) =>
        new("select coordinator.apply_batch($1, $2, $3)")
        {
            Parameters =
            {
                new() { Value = grant.Statement, NpgsqlDbType = NpgsqlDbType.Text },
                new() { Value = grant.Lo },
                new() { Value = grant.Hi },
            },
        };
}
