namespace Coordinator.Server.Tests.Chaos;

/// <summary>
/// A deliberately broken copy of the protocol. Where another guard would mask the broken one, that guard is taken away as
/// well. Without mutants that fail, a run without violations would say nothing.
/// </summary>
internal sealed record ChaosMutant(string Name, Func<ChaosTarget, Task> InstallAsync)
{
    private const string Passed = "  -- passed\n";

    private static readonly Func<ChaosTarget, Task> AnyHolderRaises = target =>
        target.ReplaceAsync("raise_batch", (Passed, Passed + "  return 'raised';\n"));

    private static readonly Func<ChaosTarget, Task> NoClaim = target =>
        target.ReplaceAsync("claim_batch", (Passed, Passed + "  return;\n"));

    public static IReadOnlyList<ChaosMutant> All { get; } =
    [
        new("lease only, no fence", async target =>
        {
            await AnyHolderRaises(target);
            await NoClaim(target);
            await LedgerAtTheEndAsync(target, "do update set epoch = excluded.epoch, lease_id = excluded.lease_id, rows = excluded.rows");
        }),
        new("a ledger insert whose count nobody looks at", async target =>
        {
            await AnyHolderRaises(target);
            await NoClaim(target);
            await LedgerAtTheEndAsync(target, "do nothing");
        }),
        new("the ledger row is read and not locked", target => UnlockAsync(target, "")),
        new("the ledger row is locked FOR KEY SHARE", target => UnlockAsync(target, "for key share")),
        new("a guard that returns instead of raising", target =>
            target.ReplaceAsync("require", ("if condition is not true then", "if false then"))),
        new("an equal epoch without a look at the lease", async target =>
        {
            await target.ReplaceAsync(
                "raise_batch", ("(l.epoch = excluded.epoch and l.lease_id = excluded.lease_id)", "l.epoch = excluded.epoch"));
            await target.ReplaceAsync("claim_batch", (" and v_ledger.lease_id = p_lease_id", ""));
            await target.ReplaceAsync("finish_batch", (" and l.lease_id = p_lease_id", ""));
        }),
        new("the fence's generation is not looked at", target =>
            target.ReplaceAsync("check_fence", ("v_fence.mode = 'open' and v_fence.generation = p_generation", "true"))),
        new("the fence is read without its lock", target =>
            target.ReplaceAsync("enter_fence", ("pg_try_advisory_xact_lock_shared(coordinator.fence_key(p_migration))", "true"))),
        new("the sync trigger leaves unrelated updates alone", ForgetUnrelatedUpdatesAsync),
    ];

    public override string ToString() => Name;

    private static Task LedgerAtTheEndAsync(ChaosTarget target, string onConflict) => target.ReplaceAsync(
        "finish_batch",
        (Passed, Passed +
            $"""
              insert into coordinator.ledger as l (migration, step, batch, lo, hi, epoch, lease_id, state, rows)
              values (p_migration, p_step, p_batch, 0, 0, p_epoch, p_lease_id, 'done', p_rows)
              on conflict (migration, step, batch) {onConflict};
              return;

            """));

    private static async Task UnlockAsync(ChaosTarget target, string mode)
    {
        await target.ReplaceAsync(
            "claim_batch",
            ("for no key update", mode),
            ("pg_try_advisory_xact_lock(coordinator.batch_key(p_migration, p_step, p_batch))", "true"),
            ("where l.migration = p_migration and l.step = p_step and l.batch = p_batch;\nend", "where false;\nend"));
        await target.ReplaceAsync(
            "finish_batch",
            ("and l.epoch = p_epoch and l.lease_id = p_lease_id and l.state = 'open' and l.xid = pg_current_xact_id()", ""));
    }

    private static async Task ForgetUnrelatedUpdatesAsync(ChaosTarget target)
    {
        var function = await target.Database.ScalarAsync<string>(
            "select replace(t.tgfoid::regproc::text, 'coordinator.', '') from pg_trigger t join coordinator.sync_trigger s on s.trigger_name = t.tgname");
        await target.ReplaceAsync(function, ("new.\"message\" := candidate.\"message\";", ""));
        // Each batch compares the function's hash; a mutant is one that it does not see.
        await target.Database.ExecuteAsync(
            """
            update coordinator.sync_trigger as s set function_hash = md5(pg_get_functiondef(t.tgfoid))
              from pg_trigger as t where t.tgrelid = s.table_oid and t.tgname = s.trigger_name
            """);
    }
}
