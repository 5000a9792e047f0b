using Coordinator.Testing;
using Npgsql;

namespace Coordinator.EventStore.Tests.Projections;

public sealed class InlineProjectionTests : IAsyncLifetime
{
    private readonly OrderSummary _summary = new();
    private EventStoreFixture _fixture = null!;

    public async Task InitializeAsync()
    {
        _fixture = await EventStoreFixture.CreateAsync(null, _summary);
        await _fixture.Database.ExecuteAsync(OrderSummary.Table);
    }

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task A_projection_is_written_with_the_events()
    {
        await _fixture.AppendAsync("order-1", 0, new OrderEvent.Placed("ada", Channel.Shop), new OrderEvent.ItemAdded("book", 3));

        Assert.Equal("ada 3 2", await _fixture.Database.ScalarAsync<string>(
            "select format('%s %s %s', customer, items, version) from order_summary"));
    }

    [Fact]
    public async Task A_projection_that_fails_takes_the_events_with_it()
    {
        await _fixture.Database.ExecuteAsync("alter table order_summary add check (items < 100)");

        await Assert.ThrowsAsync<PostgresException>(
            () => _fixture.AppendAsync("order-1", 0, new OrderEvent.ItemAdded("book", 100)));

        Assert.Null(await _fixture.Store.Query.FetchStreamStateAsync("order-1"));
    }

    [Fact]
    public async Task Appends_without_a_check_give_the_projection_true_versions()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => AppendManyAsync("order-1", 10))));

        Assert.Equal(40, await _fixture.Database.ScalarAsync<long>("select version from order_summary"));
        Assert.Equal(40, await _fixture.Database.ScalarAsync<long>("select items from order_summary"));
    }

    [Fact]
    public async Task A_rebuild_ends_where_the_live_projection_is_to_the_microsecond()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(w => Task.Run(() => AppendManyAsync($"order-{w % 3}", 15))));
        await using (var session = _fixture.Store.OpenSession())
        {
            session.ArchiveStream("order-1");
            await session.SaveChangesAsync();
        }

        await _fixture.Database.ExecuteAsync("create table live as table order_summary; update order_summary set items = -1");
        await _fixture.Store.RebuildAsync(_summary, CancellationToken.None);

        Assert.Equal(3, await _fixture.Database.ScalarAsync<long>("select count(*) from order_summary"));
        Assert.Equal(0, await DifferencesAsync());
    }

    [Fact]
    public async Task A_rebuild_under_way_keeps_appends_out_and_none_is_lost_or_doubled()
    {
        await AppendManyAsync("order-1", 5);
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 3).Select(w => Task.Run(async () =>
        {
            // New streams: their rows are not there for a rebuild's emptying to lock.
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                await AppendManyAsync($"order-{w}-{i}", 1);
            }
        })).ToList();

        while (await _fixture.EventCountAsync() < 150)
        {
            await _fixture.Store.RebuildAsync(_summary, CancellationToken.None);
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
        await _fixture.Database.ExecuteAsync("create table live as table order_summary");
        await _fixture.Store.RebuildAsync(_summary, CancellationToken.None);
        Assert.Equal(0, await DifferencesAsync());
        Assert.Equal(await _fixture.EventCountAsync(), await _fixture.Database.ScalarAsync<long>(
            "select sum(version)::bigint from live"));
    }

    [Fact]
    public async Task A_rebuild_that_fails_leaves_the_projection_as_it_was()
    {
        await AppendManyAsync("order-1", 3);
        await _fixture.Database.ExecuteAsync("""
            create table live as table order_summary;
            update coordinator_events.mt_events set type = 'from_a_newer_program' where seq_id = 2
            """);

        await Assert.ThrowsAsync<EventStore.Registry.UnknownEventTypeException>(
            () => _fixture.Store.RebuildAsync(_summary, CancellationToken.None));

        Assert.Equal(0, await DifferencesAsync());
    }

    [Fact]
    public async Task A_replica_that_stops_in_a_rebuild_does_not_keep_appends_out()
    {
        await AppendManyAsync("order-1", 1);
        using var stuck = new ManualResetEventSlim();
        var rebuilding = Task.Run(() => _fixture.Store.RebuildAsync(new StuckProjection(stuck), CancellationToken.None));
        await Eventually.TrueAsync(
            async () => await _fixture.Database.ScalarAsync<long>("""
                select count(*) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'
                """) == 1,
            "the rebuild holds its lock");

        await AppendManyAsync("order-1", 1);

        stuck.Set();
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => rebuilding);
    }

    private async Task AppendManyAsync(string key, int count)
    {
        for (var i = 0; i < count; i++)
        {
            await using var session = _fixture.Store.OpenSession(new SessionMetadata(UserName: $"{Environment.CurrentManagedThreadId}"));
            session.Append(key, new OrderEvent.ItemAdded("book", 1));
            await session.SaveChangesAsync();
        }
    }

    private Task<long> DifferencesAsync() => _fixture.Database.ScalarAsync<long>("""
        select count(*) from (
            (table live except table order_summary) union all (table order_summary except table live)) d
        """);

    /// <summary>Its process stops in the middle of the replay.</summary>
    private sealed class StuckProjection(ManualResetEventSlim stuck) : EventStore.Projections.IInlineProjection
    {
        public string Name => "stuck";

        public IEnumerable<NpgsqlBatchCommand> Project(IReadOnlyList<IEvent> events)
        {
            stuck.Wait();
            return [];
        }

        public IEnumerable<NpgsqlBatchCommand> Reset() => [];
    }
}
