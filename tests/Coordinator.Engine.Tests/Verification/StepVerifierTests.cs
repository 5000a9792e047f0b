using Coordinator.Domain.Plans;
using Coordinator.Engine.Driving;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Targets;
using Coordinator.Engine.Tests.Driving;
using Coordinator.Engine.Verification;
using Coordinator.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coordinator.Engine.Tests.Verification;

/// <summary>
/// One pass over a table of three ranges, without a driver: how it is cut, how many ranges run at once, what holds it back, and
/// what becomes of it when it is broken off.
/// </summary>
public sealed class StepVerifierTests : IAsyncLifetime
{
    private const string Step = "verify";

    // One row per block, so that few rows make three ranges.
    private const string Tables =
        """
        create table review (id int primary key, comment text, message text, filler text);
        alter table review alter column filler set storage plain;
        insert into review select n, 'c', 'c', repeat('x', 7900) from generate_series(1, 4200) as n;
        create table brake (go boolean);
        insert into brake values (true);
        """;

    private readonly EngineOptions _options = new() { VerificationSecondLook = TimeSpan.FromMilliseconds(1) };
    private ShopScenario _shop = null!;

    public async Task InitializeAsync()
    {
        _shop = await ShopScenario.CreateAsync(drive: false, tables: Tables, check: "select go from brake");
        await _shop.PlanAsync(ShopScenario.SetNotNull);
        // Only a start installs it otherwise.
        await Postgres.Schema.TargetSchema.InstallAsync(_shop.Roles.CoordinatorSource, [], CancellationToken.None);
    }

    public async Task DisposeAsync() => await _shop.DisposeAsync();

    [Fact]
    public async Task Every_range_is_read_once_and_every_difference_counted()
    {
        await _shop.Target.ExecuteAsync("update review set message = 'other' where id in (1, 2100, 4200)");

        var result = await VerifyAsync(Disagree);

        Assert.Equal(3, result.Differences);
        Assert.Contains(result.Examples, example => example.StartsWith("""{"id": """, StringComparison.Ordinal)
            && example.EndsWith("} of public.review on shard 'main'", StringComparison.Ordinal));
        var row = await RowAsync();
        Assert.Equal((VerificationState.Different, 3, (long?)3), (row.State, row.Differences, row.Found));
        // The updates made blocks too.
        Assert.InRange(row.DoneBlocks, 4200, 4210);
        Assert.Equal(row.TotalBlocks, row.DoneBlocks);
        Assert.Contains("\"id\"", row.Examples, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_query_of_the_operators_own_is_counted_range_by_range()
    {
        await _shop.Target.ExecuteAsync("update review set message = 'other' where id in (1, 2100, 4200)");
        var step = Disagree with
        {
            Disagree = null,
            CountQuery = "select count(*) from review where ctid >= $1 and ctid < $2 and message is distinct from comment",
            CountsRange = true,
        };

        Assert.Equal(3, (await VerifyAsync(step)).Differences);
        Assert.Equal(3, (await VerifyAsync(step with { CountQuery = "select count(*) from review where message <> comment", CountsRange = false })).Differences);
        Assert.False((await RowAsync()).Guarded);
    }

    [Fact]
    public async Task As_many_ranges_are_read_at_once_as_the_setting_says()
    {
        _options.VerificationParallelism = 2;
        var (pass, held) = await ReadingAsync(default);

        await held.WaitersAsync(2);
        Assert.Equal(2, await ReadersAsync());
        await held.DisposeAsync();

        Assert.Equal(0, (await pass).Differences);
    }

    [Fact]
    public async Task What_holds_back_backfills_holds_it_back_too_and_the_reason_is_shown()
    {
        await _shop.Target.ExecuteAsync("update brake set go = false");
        var said = new List<string>();
        var pass = VerifyAsync(Disagree, text => said.Add(text));

        await Eventually.TrueAsync(
            async () => (await RowsAsync()) is [{ Held: var held, DoneBlocks: 0, TotalBlocks: > 0 }]
                && held.Contains("the check says stop", StringComparison.Ordinal),
            "it says what it waits for");
        Assert.False(pass.IsCompleted);
        Assert.Contains(said, text => text.Contains("waits: the check says stop", StringComparison.Ordinal));
        await _shop.Target.ExecuteAsync("update brake set go = true");

        Assert.Equal(0, (await pass).Differences);
        Assert.Equal("", (await RowAsync()).Held);
    }

    [Fact]
    public async Task A_pass_that_is_broken_off_ends_in_its_statement_and_the_next_begins_anew()
    {
        using var stop = new CancellationTokenSource();
        var (pass, held) = await ReadingAsync(stop.Token);
        await using (held)
        {
            await held.WaitersAsync(1);

            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pass);
            await Eventually.TrueAsync(async () => await ReadersAsync() == 0, "nothing of it is left in the target");
        }

        var row = await RowAsync();
        Assert.Equal((VerificationState.BrokenOff, null), (row.State, row.Found));
        await VerifyAsync(Disagree);
        Assert.Equal((VerificationState.Good, row.TotalBlocks), ((await RowAsync()).State, (await RowAsync()).DoneBlocks));
    }

    [Fact]
    public async Task A_table_that_is_rewritten_meanwhile_is_read_again_from_its_beginning()
    {
        // The rows that differ move to the front of the table, where the pass has been already.
        await _shop.Target.ExecuteAsync("update review set message = 'other' where id = 1; update brake set go = false");
        var pass = VerifyAsync(Disagree);
        await Eventually.TrueAsync(async () => (await RowsAsync()) is [{ Held.Length: > 0 }], "it waits");
        await _shop.Target.ExecuteAsync("cluster review using review_pkey; update brake set go = true");

        Assert.Equal(1, (await pass).Differences);
        // Not a number: CLUSTER keeps the dead version of the row, for a block more, while somebody in the database has an older snapshot.
        Assert.Equal(await _shop.Target.ScalarAsync<long>("select pg_relation_size('review') / 8192"), (await RowAsync()).DoneBlocks);
    }

    private static PlanStep.Verify Disagree { get; } = new()
    {
        Id = Step,
        Phase = Phase.Migrate,
        Description = "verify",
        Table = new TableRef("public", "review"),
        Disagree = "message is distinct from comment",
    };

    // A pass that has measured the table, and waits for the holder of a lock with the first ranges that it reads.
    private async Task<(Task<VerificationResult> Pass, HeldTransaction Held)> ReadingAsync(CancellationToken cancellationToken)
    {
        await _shop.Target.ExecuteAsync("update brake set go = false");
        var pass = VerifyAsync(Disagree, cancellationToken: cancellationToken);
        await Eventually.TrueAsync(async () => (await RowsAsync()) is [{ Held.Length: > 0, TotalBlocks: > 0 }], "it has measured the table");
        var held = await HeldTransaction.BeginAsync(_shop.Target, "lock table review in access exclusive mode");
        await _shop.Target.ExecuteAsync("update brake set go = true");
        return (pass, held);
    }

    private async Task<VerificationResult> VerifyAsync(
        PlanStep.Verify step, Action<string>? said = null, CancellationToken cancellationToken = default)
    {
        var database = _shop.Replica.Get<CoordinationDatabase>();
        var verifier = new StepVerifier(
            database, new VerificationStore(database), _options, TimeProvider.System, NullLogger.Instance);
        var run = new StepRun(
            (await _shop.ViewAsync()).State, step, _shop.Replica.Get<TargetRegistry>().Get("shop"), new MigrationActivity(database, "rename-comment"));
        return await verifier.RunAsync(
            run,
            step,
            (text, _) =>
            {
                said?.Invoke(text);
                return Task.CompletedTask;
            },
            cancellationToken);
    }

    private Task<long> ReadersAsync() => _shop.Target.ScalarAsync<long>(
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%message is distinct from comment%' and pid <> pg_backend_pid()");

    private async Task<IReadOnlyList<VerificationRow>> RowsAsync() => (await _shop.ViewAsync()).Verifications;

    private async Task<VerificationRow> RowAsync() => Assert.Single(await RowsAsync());
}
