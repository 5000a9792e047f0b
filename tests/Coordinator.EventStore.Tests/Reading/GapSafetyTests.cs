using Coordinator.Testing;
using Npgsql;

namespace Coordinator.EventStore.Tests.Reading;

/// <summary>
/// A number that is missing because its transaction still runs must not be read past. The same story is told to the
/// store and to mutants: it loses nothing, and they lose the event.
/// </summary>
public sealed class GapSafetyTests : IAsyncLifetime
{
    private const int Looks = 20;

    private EventStoreFixture _fixture = null!;
    private TimeSpan _clock = TimeSpan.Zero;

    public async Task InitializeAsync()
    {
        _fixture = await EventStoreFixture.CreateAsync();
        await _fixture.AppendAsync("order-1", 0, new OrderEvent.ItemAdded("first", 1));
    }

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_store_loses_no_event_of_a_transaction_under_way(bool withoutId) =>
        Assert.False(await LosesAsync(() => _fixture.Store.HighWaterMarkAsync(CancellationToken.None), withoutId, isMutant: false));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_reader_that_ignores_gaps_loses_it(bool withoutId) =>
        Assert.True(await LosesAsync(MutantMarks.IgnoresGaps(_fixture.DataSource), withoutId, isMutant: true));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_reader_that_skips_by_time_loses_it(bool withoutId) =>
        Assert.True(await LosesAsync(MutantMarks.SkipsByTime(_fixture.DataSource, () => _clock), withoutId, isMutant: true));

    [Fact]
    public async Task A_reader_that_trusts_transaction_ids_only_loses_it_where_there_is_none_yet() =>
        Assert.True(await LosesAsync(MutantMarks.TrustsTransactionIdsOnly(_fixture.DataSource), withoutId: true, isMutant: true));

    [Fact]
    public async Task The_store_waits_for_a_prepared_transaction()
    {
        await using var other = await _fixture.DataSource.OpenConnectionAsync();
        var name = $"'{_fixture.Database.Name}'";
        await ExecuteAsync(other, "begin");
        var number = await RawAppend.DrawAsync(other);
        await _fixture.AppendAsync("order-2", 0, new OrderEvent.ItemAdded("later", 1));
        Assert.Equal(1, await MarkAsync());
        await ExecuteAsync(other, "insert into coordinator_events.mt_streams (id, version) values ('order-3', 1)");
        await RawAppend.InsertAsync(other, "order-3", 1, number);
        await ExecuteAsync(other, $"prepare transaction {name}");
        try
        {
            for (var look = 0; look < Looks; look++)
            {
                Assert.Equal(1, await MarkAsync());
            }
        }
        finally
        {
            // Left behind it would hold up every other test on this server.
            await ExecuteAsync(other, $"commit prepared {name}");
        }

        Assert.Equal(3, await MarkAsync());
    }

    /// <summary>
    /// One transaction draws a number and stays open, another draws the next one and commits; the reader looks, then the
    /// first one commits, and the reader looks again. True when it has not read the first one's event at the end.
    /// </summary>
    private async Task<bool> LosesAsync(Func<Task<long>> mark, bool withoutId, bool isMutant)
    {
        await using var slow = await _fixture.DataSource.OpenConnectionAsync();
        await ExecuteAsync(slow, "begin");
        var number = withoutId ? await DrawWithoutIdAsync(slow) : await RawAppend.AppendAsync(slow, "order-slow", 1);
        Assert.Equal(withoutId, await HasNoIdAsync(slow));
        List<long> read = [];
        await ReadOnAsync(read, number - 1);
        await _fixture.AppendAsync("order-2", 0, new OrderEvent.ItemAdded("later", 1));

        if (isMutant)
        {
            // Other tests' transactions may hold a mutant back for a while; it goes wrong in the end.
            await Eventually.TrueAsync(async () => await LookAsync() == number + 1, "the mutant goes over the gap");
        }
        else
        {
            for (var look = 0; look < Looks; look++)
            {
                Assert.Equal(number - 1, await LookAsync());
            }
        }

        if (withoutId)
        {
            await ExecuteAsync(slow, "insert into coordinator_events.mt_streams (id, version) values ('order-slow', 1)");
            await RawAppend.InsertAsync(slow, "order-slow", 1, number);
        }

        await ExecuteAsync(slow, "commit");
        await Eventually.TrueAsync(async () => await LookAsync() == number + 1, "everything is read");
        Assert.Equal(Enumerable.Range(1, (int)number + 1).Select(n => (long)n), read.Append(number).Distinct().Order());
        return !read.Contains(number);

        async Task<long> LookAsync()
        {
            _clock += TimeSpan.FromSeconds(1);
            var found = await mark();
            await ReadOnAsync(read, found);
            return found;
        }
    }

    /// <summary>
    /// Draws until the transaction has no id after it: the first draw after a checkpoint writes WAL, which takes one.
    /// The numbers of such draws are used and committed, so that no other gap is left.
    /// </summary>
    private static async Task<long> DrawWithoutIdAsync(NpgsqlConnection connection)
    {
        var number = await RawAppend.DrawAsync(connection);
        while (!await HasNoIdAsync(connection))
        {
            var key = $"order-drawn-{number}";
            await ExecuteAsync(connection, $"insert into coordinator_events.mt_streams (id, version) values ('{key}', 1)");
            await RawAppend.InsertAsync(connection, key, 1, number);
            await ExecuteAsync(connection, "commit");
            await ExecuteAsync(connection, "begin");
            number = await RawAppend.DrawAsync(connection);
        }

        return number;
    }

    private async Task ReadOnAsync(List<long> read, long upTo)
    {
        await using var command = _fixture.DataSource.CreateCommand(
            "select seq_id from coordinator_events.mt_events where seq_id > $1 and seq_id <= $2 order by seq_id");
        command.Parameters.Add(new() { Value = read.Count == 0 ? 0 : read[^1] });
        command.Parameters.Add(new() { Value = upTo });
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            read.Add(reader.GetInt64(0));
        }
    }

    private Task<long> MarkAsync() => _fixture.Store.HighWaterMarkAsync(CancellationToken.None);

    private static async Task<bool> HasNoIdAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("select pg_current_xact_id_if_assigned() is null", connection);
        return (bool)(await command.ExecuteScalarAsync())!;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { new(sql) } };
        await batch.ExecuteNonQueryAsync();
    }
}
