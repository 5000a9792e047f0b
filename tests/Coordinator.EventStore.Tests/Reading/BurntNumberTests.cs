using Coordinator.Testing;
using Npgsql;

namespace Coordinator.EventStore.Tests.Reading;

/// <summary>A number whose transaction failed is passed, but only when nobody can bring it any more.</summary>
public sealed class BurntNumberTests : IAsyncLifetime
{
    private static readonly OrderEvent.ItemAdded Item = new("book", 1);

    private EventStoreFixture _fixture = null!;

    public async Task InitializeAsync() => _fixture = await EventStoreFixture.CreateAsync();

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task It_is_passed_only_when_the_transactions_of_the_first_sighting_have_ended()
    {
        await using var older = await _fixture.DataSource.OpenConnectionAsync();
        await using var running = await older.BeginTransactionAsync();
        await AssignIdAsync(older);
        await BurnAsync();
        await _fixture.AppendAsync("order-1", 0, Item);
        for (var look = 0; look < 20; look++)
        {
            Assert.Equal(0, await MarkAsync());
        }

        // This one began after the first sighting and holds nobody up.
        await using var newer = await _fixture.DataSource.OpenConnectionAsync();
        await using var goingOn = await newer.BeginTransactionAsync();
        await AssignIdAsync(newer);
        Assert.Equal(0, await MarkAsync());

        await running.RollbackAsync();

        await Eventually.TrueAsync(async () => await MarkAsync() == 2, "the burnt number is passed");
        Assert.Equal("1-1", await _fixture.Database.ScalarAsync<string>(
            "select string_agg(format('%s-%s', starting_sequence, ending_sequence), ',') from coordinator_events.mt_high_water_skips"));
        Assert.Equal(2, await _fixture.Database.ScalarAsync<long>(
            "select last_seq_id from coordinator_events.mt_event_progression where name = 'HighWaterMark'"));
    }

    [Fact]
    public async Task A_burnt_number_at_the_end_holds_nobody_and_is_recorded_when_an_event_comes_after_it()
    {
        await _fixture.AppendAsync("order-1", 0, Item);
        await BurnAsync();
        await BurnAsync();
        Assert.Equal(1, await MarkAsync());

        await _fixture.AppendAsync("order-1", 1, Item);

        await Eventually.TrueAsync(async () => await MarkAsync() == 4, "the burnt numbers are passed");
        Assert.Equal("2-3", await _fixture.Database.ScalarAsync<string>(
            "select format('%s-%s', starting_sequence, ending_sequence) from coordinator_events.mt_high_water_skips"));
    }

    [Fact]
    public async Task The_mark_reaches_the_end_of_a_long_log_with_holes()
    {
        await _fixture.Database.ExecuteAsync("""
            insert into coordinator_events.mt_streams (id, version) values ('long', 24000);
            insert into coordinator_events.mt_events (seq_id, id, stream_id, version, data, type, is_archived)
            select n, gen_random_uuid(), 'long', n, '{"Sku": "book", "Quantity": 1}', 'item_added', false
              from generate_series(1, 25000) n where n not between 10000 and 10003 and n % 997 <> 0
            """);

        await Eventually.TrueAsync(async () => await MarkAsync() == 25000, "the end is reached");

        Assert.Equal(0, await MissingNumbersNotRecordedAsync());
        var count = await _fixture.Store.Query.ReadAllAsync(0, pageSize: 5000).CountAsync();
        Assert.Equal(await _fixture.EventCountAsync(), count);
    }

    [Fact]
    public async Task Two_readers_see_every_event_once_and_in_order_whatever_fails_meanwhile()
    {
        using var done = new CancellationTokenSource();
        var readers = new[] { _fixture.AnotherStore(), _fixture.AnotherStore() }
            .Select(store => Task.Run(() => ReadAsync(store, done.Token))).ToList();

        await Task.WhenAll(Enumerable.Range(0, 6).Select(writer => Task.Run(() => WriteAsync(writer))));
        await done.CancelAsync();
        var read = await Task.WhenAll(readers);

        var log = await AllNumbersAsync();
        Assert.Equal(log, read[0]);
        Assert.Equal(log, read[1]);
        Assert.True(log[^1] > log.Count, "no number was burnt");
        Assert.Equal(0, await MissingNumbersNotRecordedAsync());
    }

    /// <summary>Reads on until the writers are done and the end is reached.</summary>
    private async Task<List<long>> ReadAsync(PostgresEventStore store, CancellationToken done)
    {
        List<long> read = [];
        var last = 0L;
        await Eventually.TrueAsync(
            async () =>
            {
                var wasDone = done.IsCancellationRequested;
                await foreach (var @event in store.Query.ReadAllAsync(last, pageSize: 7, CancellationToken.None))
                {
                    read.Add(last = @event.Sequence);
                }

                return wasDone && last == (await AllNumbersAsync())[^1];
            },
            "the reader reaches the end");
        return read;
    }

    private async Task WriteAsync(int writer)
    {
        var random = new Random(writer);
        for (var save = 0; save < 40; save++)
        {
            await using var session = _fixture.Store.OpenSession();
            session.StartStream<Order>($"order-{writer}-{save}", Enumerable.Repeat(Item, random.Next(1, 4)));
            var fails = random.Next(4) == 0;
            // The last one stays, so that every burnt number has an event after it.
            if (fails && save < 39)
            {
                session.Enlist(new("select 1 / 0"));
            }

            var failure = await Record.ExceptionAsync(() => session.SaveChangesAsync());
            Assert.True(failure is null || fails, failure?.ToString());
        }
    }

    private async Task BurnAsync()
    {
        await using var connection = await _fixture.DataSource.OpenConnectionAsync();
        await using var failing = await connection.BeginTransactionAsync();
        await RawAppend.DrawAsync(connection);
        await failing.RollbackAsync();
    }

    private async Task<List<long>> AllNumbersAsync() =>
        [.. await _fixture.Database.ScalarAsync<long[]>("select array_agg(seq_id order by seq_id) from coordinator_events.mt_events")];

    private Task<long> MissingNumbersNotRecordedAsync() => _fixture.Database.ScalarAsync<long>("""
        with missing as (
            select n from generate_series(1, (select max(seq_id) from coordinator_events.mt_events)) n
            except select seq_id from coordinator_events.mt_events),
        recorded as (
            select generate_series(starting_sequence, ending_sequence) as n from coordinator_events.mt_high_water_skips)
        select count(*) from ((table missing except table recorded) union all (table recorded except table missing)) d
        """);

    private Task<long> MarkAsync() => _fixture.Store.HighWaterMarkAsync(CancellationToken.None);

    private static async Task AssignIdAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("select pg_current_xact_id()::text", connection);
        await command.ExecuteScalarAsync();
    }
}
