using Coordinator.Engine.Leasing;

namespace Coordinator.Engine.Tests.Leasing;

/// <summary>How many batches may run at once. Each test has a coordination database of its own: the limit is one per server.</summary>
public sealed class GrantLimitTests : IAsyncLifetime
{
    private readonly CoordinationFixture _fixture = new();
    private BackfillFixture _backfills = null!;

    public async Task InitializeAsync()
    {
        await _fixture.InitializeAsync();
        _backfills = new BackfillFixture(_fixture);
    }

    public Task DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task No_more_run_than_may_however_many_ask_two_replicas_at_once()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("busy", 10_000, 1) with { Parallelism = 7 });
        await using var second = new CoordinationDatabase(_fixture.Database.ConnectionString);
        BatchLeasing[] replicas = [_backfills.Leasing, new BatchLeasing(second, _fixture.Options)];
        for (var round = 0; round < 10; round++)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(n =>
                _backfills.AcquireAsync("busy", 3, worker: $"w{round}-{n}", replica: replicas[n % 2])));

            var granted = answers.SelectMany(answer => answer).ToList();
            Assert.Equal(7, granted.Count);
            await _backfills.CompleteAsync([.. granted.Select(batch => BackfillFixture.Receipt(batch))]);
        }
    }

    [Fact]
    public async Task The_limit_of_a_server_holds_over_all_its_backfills()
    {
        _fixture.Options.ServerParallelism = 5;
        await _backfills.StartAsync(BackfillFixture.Pass("one", 100, 1), BackfillFixture.Pass("two", 100, 1));

        var granted = await Task.WhenAll(Enumerable.Range(0, 12).Select(n =>
            _backfills.AcquireAsync(n % 2 == 0 ? "one" : "two", 2, worker: $"w{n}")));

        Assert.Equal(5, granted.Sum(answer => answer.Count));
    }

    [Fact]
    public async Task What_a_worker_only_prefetches_takes_nothing_from_others()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("prefetch", 1000, 1) with { Parallelism = 2 });

        var first = await AcquireAsync("prefetch", "a", max: 5);
        var second = await AcquireAsync("prefetch", "b", max: 5);

        Assert.Equal((5, 5), (first.Count, second.Count));
        Assert.Empty(await AcquireAsync("prefetch", "c", max: 5));
        // Both go on prefetching while the limit is met, and stop when it is lowered.
        Assert.NotEmpty(await AcquireAsync("prefetch", "a", max: 1));
        var progress = await _backfills.ProgressAsync("prefetch");
        Assert.Equal((11L, 2L), (progress.Leased, progress.Running));
        await SetAsync("prefetch", "parallelism = 1");
        Assert.Empty(await AcquireAsync("prefetch", "a", max: 1));
    }

    [Fact]
    public async Task A_worker_that_may_run_less_than_it_could_gets_no_more_than_it_may_run()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("part", 1000, 1) with { Parallelism = 3 });

        var granted = await AcquireAsync("part", "wide", max: 10, parallelism: 8);

        Assert.Equal(3, granted.Count);
        Assert.Empty(await AcquireAsync("part", "wide", max: 10, parallelism: 8));
    }

    [Theory]
    [InlineData("parallelism = 0")]
    [InlineData("not_before = clock_timestamp() + interval '1 hour'")]
    [InlineData("fresh_until = clock_timestamp()")]
    [InlineData("max_parallel = 0")]
    public async Task Nothing_is_granted_while_it_is_stopped_and_all_goes_on_afterwards(string stop)
    {
        await _backfills.StartAsync(BackfillFixture.Pass("stopped", 100, 1));
        var running = await _backfills.AcquireAsync("stopped", 1);
        await SetAsync("stopped", stop);

        Assert.Empty(await _backfills.AcquireAsync("stopped", 5));
        Assert.Equal(stop != "max_parallel = 0", (await _backfills.ProgressAsync("stopped")).Estimate == EstimateState.Throttled);
        // What runs may end, and is renewed until then.
        Assert.Single(await _backfills.RenewAsync(running[0].Token));

        await SetAsync("stopped", "parallelism = 9, not_before = null, fresh_until = 'infinity', max_parallel = null");
        Assert.NotEmpty(await _backfills.AcquireAsync("stopped", 5));
    }

    [Fact]
    public async Task Of_a_small_rest_nobody_gets_more_than_a_part_and_batches_become_smaller()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("tail", 1000, 100));
        var all = new List<GrantedBatch>(await AcquireAsync("tail", "a", max: 1));
        while (await AcquireAsync("tail", $"w{all.Count % 4}", max: 10) is { Count: > 0 } more)
        {
            Assert.True(more.Sum(batch => batch.EndBlock - batch.FirstBlock) <= Math.Max((1000 - Carved(all)) / 2, 10) + 10);
            all.AddRange(more);
        }

        Assert.Equal(1000, Carved(all));
        Assert.Contains(all, batch => batch.EndBlock - batch.FirstBlock <= 20);
        Assert.Equal(all.Count, all.Select(batch => batch.Token.Batch).Distinct().Count());
    }

    private static long Carved(IEnumerable<GrantedBatch> batches) => batches.Sum(batch => batch.EndBlock - batch.FirstBlock);

    private Task<IReadOnlyList<GrantedBatch>> AcquireAsync(string migration, string worker, int max, int parallelism = 1) =>
        _backfills.Leasing.AcquireAsync(worker, [migration], max, Guid.NewGuid(), null, parallelism, CancellationToken.None);

    private Task SetAsync(string migration, string set) =>
        _fixture.Database.ExecuteAsync($"update coordinator.backfill_pace set {set} where migration = '{migration}'");
}
