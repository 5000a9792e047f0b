using Coordinator.EventStore.Appending;

namespace Coordinator.EventStore.Tests.Appending;

/// <summary>Many writers on few streams: nothing is lost, doubled or out of order, and a conflict costs no number.</summary>
public sealed class ConcurrencyTests : IAsyncLifetime
{
    private const int Writers = 8;
    private const int SavesEach = 20;
    private const int Streams = 3;

    private EventStoreFixture _fixture = null!;

    public async Task InitializeAsync() => _fixture = await EventStoreFixture.CreateAsync();

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Every_acknowledged_event_is_there_once_and_every_stream_is_contiguous(int seed)
    {
        var conflicts = 0;
        var written = await StartingLine.RunAsync(Writers, async (writer, start) =>
        {
            var random = new Random((seed * 1000) + writer);
            List<string> mine = [];
            await start;
            for (var save = 0; save < SavesEach; save++)
            {
                var events = await SaveAsync(random, $"{writer}/{save}", () => Interlocked.Increment(ref conflicts));
                mine.AddRange(events);
            }

            return mine;
        });

        var log = await _fixture.Store.Query.ReadAllAsync(0).ToListAsync();
        var acknowledged = written.SelectMany(w => w).ToList();
        Assert.Equal(
            acknowledged.Order(StringComparer.Ordinal),
            log.Select(e => ((OrderEvent.ItemAdded)e.Data).Sku).Order(StringComparer.Ordinal));
        foreach (var stream in log.GroupBy(e => e.StreamKey))
        {
            // In the order of the log, so this is contiguity and no inversion at once.
            Assert.Equal(Enumerable.Range(1, stream.Count()).Select(v => (long)v), stream.Select(e => e.Version));
            Assert.Equal(stream.Count(), (await _fixture.Store.Query.FetchStreamStateAsync(stream.Key))!.Version);
        }

        Assert.True(conflicts > 0, "the writers never met");
        Assert.Equal(acknowledged.Count, await _fixture.SequenceAsync());
    }

    /// <summary>One or two streams at once, decided on what was read, and decided again after a conflict.</summary>
    private async Task<IReadOnlyList<string>> SaveAsync(Random random, string name, Action conflicted)
    {
        var keys = Enumerable.Range(0, Streams).Select(s => $"order-{s}").OrderBy(_ => random.Next()).Take(random.Next(1, 3)).ToList();
        var count = random.Next(1, 4);
        while (true)
        {
            await using var session = _fixture.Store.OpenSession();
            List<string> names = [];
            foreach (var key in keys)
            {
                var stream = await session.FetchForWriting<Order>(key);
                Assert.Equal(stream.StartingVersion, stream.Events.Count);
                for (var i = 0; i < count; i++)
                {
                    names.Add($"{name}/{key}/{i}");
                    stream.AppendOne(new OrderEvent.ItemAdded(names[^1], 1));
                }
            }

            try
            {
                await session.SaveChangesAsync();
                return names;
            }
            catch (EventStreamUnexpectedMaxEventIdException)
            {
                conflicted();
            }
        }
    }
}
