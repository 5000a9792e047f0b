using Coordinator.Postgres.Ddl;
using Coordinator.Testing;

namespace Coordinator.Postgres.Tests.Ddl;

/// <summary>
/// An autovacuum yields to whoever has waited for deadlock_timeout, which is longer than our attempts: so it is waited
/// for, and after patience one attempt is long enough. The vacuum here is real, slowed down so that it never ends.
/// </summary>
public sealed class AutovacuumTests
{
    [Fact]
    public async Task An_ordinary_autovacuum_is_waited_for_and_then_made_to_yield_by_one_announced_attempt()
    {
        await using var server = await SlowVacuumServerAsync();
        await VacuumAtWorkAsync(server, wraparound: false);
        var waits = new Waits();

        var outcome = await new DdlRunner(TimeProvider.System).RunAsync(
            server.Source,
            Step("insert into public.seen values (current_setting('lock_timeout'))"),
            DdlTarget.Eager with { Patience = TimeSpan.FromSeconds(1) },
            waits,
            CancellationToken.None);

        Assert.Equal(DdlResult.Applied, outcome.Result);
        Assert.True(waits.Has(DdlWaitReason.Autovacuum, "autovacuum, pid"));
        Assert.All(waits.All.Where(wait => wait.Reason == DdlWaitReason.Autovacuum), wait => Assert.DoesNotContain("wraparound", wait.Blockers, StringComparison.Ordinal));
        Assert.True(waits.Has(DdlWaitReason.LongAttempt, "autovacuum, pid"));
        Assert.Equal("1200ms", await server.ScalarAsync<string>("select v from public.seen"));
    }

    [Fact]
    public async Task Without_patience_coming_to_its_end_an_autovacuum_is_left_alone()
    {
        await using var server = await SlowVacuumServerAsync();
        await VacuumAtWorkAsync(server, wraparound: false);
        using var stop = new CancellationTokenSource();
        var waits = new Waits();

        var run = new DdlRunner(TimeProvider.System).RunAsync(server.Source, Step(), DdlTarget.Eager, waits, stop.Token);
        await DdlTarget.SeenAsync(
            run, () => waits.All.Count(wait => wait.Reason == DdlWaitReason.Autovacuum) >= 5, "it was looked at several times");
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.All(waits.All, wait => Assert.Equal((DdlWaitReason.Autovacuum, 0), (wait.Reason, wait.Attempt)));
    }

    [Fact]
    [Trait("Category", "Long")] // Nearly a minute of a core: the server is first aged to the edge of the wraparound.
    public async Task A_vacuum_against_wraparound_is_never_disturbed()
    {
        await using var server = await SlowVacuumServerAsync(
            "autovacuum_enabled = off, autovacuum_freeze_max_age = 100000, autovacuum_freeze_min_age = 0");
        await VacuumAtWorkAsync(server, wraparound: true);
        using var stop = new CancellationTokenSource();
        var waits = new Waits();

        var run = new DdlRunner(TimeProvider.System).RunAsync(
            server.Source, Step(), DdlTarget.Eager with { Patience = TimeSpan.Zero }, waits, stop.Token);
        await DdlTarget.SeenAsync(
            run, () => waits.All.Count(wait => wait.Reason == DdlWaitReason.WraparoundVacuum) >= 5, "it was looked at several times");
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.All(waits.All, wait => Assert.Equal((DdlWaitReason.WraparoundVacuum, 0), (wait.Reason, wait.Attempt)));
    }

    private static DdlStep Step(params string[] statements) => new()
    {
        Migration = "m",
        Step = "s",
        LockTable = DdlTarget.Review,
        Statements = statements,
    };

    private static async Task<PrivateServer> SlowVacuumServerAsync(
        string storage = "autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0")
    {
        var server = await PrivateServer.StartAsync(
            ("autovacuum_naptime", "1s"), ("autovacuum_vacuum_cost_delay", "100ms"), ("autovacuum_vacuum_cost_limit", "1"));
        await server.ExecuteAsync(
            $"""
            create table public.seen (v text);
            create table public.review (id int, filler text) with ({storage});
            insert into public.review select g, repeat('x', 1000) from generate_series(1, 3000) g;
            """);
        return server;
    }

    private static async Task VacuumAtWorkAsync(PrivateServer server, bool wraparound)
    {
        await (wraparound ? BurnTransactionIdsAsync(server) : server.ExecuteAsync("delete from public.review where id % 2 = 0"));
        await Eventually.TrueAsync(
            () => server.ScalarAsync<bool>(
                $"""
                select exists (select from pg_stat_progress_vacuum v join pg_stat_activity a using (pid)
                               where v.relid = 'public.review'::regclass and (a.query like '%to prevent wraparound%') = {wraparound})
                """),
            "autovacuum is at the table",
            TimeSpan.FromSeconds(90));
    }

    /// <summary>More transaction ids than the least age at which a table can be made to need freezing, as subtransactions of one.</summary>
    private static Task BurnTransactionIdsAsync(PrivateServer server) => server.ExecuteAsync(
        """
        do $$
        begin
            for i in 1 .. 110000 loop
                begin
                    insert into public.seen values ('rolled back');
                    raise exception 'next';
                exception when others then
                    null;
                end;
            end loop;
        end $$
        """);
}
