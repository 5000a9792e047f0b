using System.Diagnostics;
using Coordinator.Domain.Backfills;
using Npgsql;

namespace Coordinator.BackfillBench.Segments;

/// <summary>What a careful engineer would run by hand: the same work without anybody coordinating it.</summary>
internal static class BareSegments
{
    /// <summary>All rows in one statement.</summary>
    public static Segment OneUpdate { get; } = new("one UPDATE", async database =>
    {
        var started = Stopwatch.GetTimestamp();
        await using var command = database.Worker.CreateCommand("update item set value_copy = value");
        await command.ExecuteNonQueryAsync();
        return Stopwatch.GetElapsedTime(started);
    });

    /// <summary>Block ranges of the coordinated batches' size, one after the other, from a shared counter, over so many connections.</summary>
    public static Segment OneGo(int connections, int batchRows) => new($"bare loop, one go ×{connections}", async database =>
    {
        var blocks = await database.ScalarAsync<long>("select pg_relation_size('item') / 8192");
        var size = BatchSize.ForRows(batchRows, blocks, database.Rows);
        return await LoopAsync(database, connections, [.. BlockRanges.Tile(blocks, size).Select(range => BareBatch.OfBlocks(
            "update item set value_copy = value where ctid >= $1 and ctid < $2", range.From, range.To))]);
    });

    /// <summary>What is copied about: the next thousand that are not filled yet, until there is none.</summary>
    public static Segment Naive { get; } = new("naive NULL hunt", async database =>
    {
        var started = Stopwatch.GetTimestamp();
        await using var connection = await database.Worker.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(
            "update item set value_copy = value where id in (select id from item where value_copy is null limit 1000)", connection);
        while (await command.ExecuteNonQueryAsync() > 0)
        {
        }

        return Stopwatch.GetElapsedTime(started);
    });

    /// <summary>The batches in their order, each by the next connection that is free.</summary>
    public static async Task<TimeSpan> LoopAsync(BenchDatabase database, int connections, IReadOnlyList<BareBatch> batches)
    {
        var next = -1;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, connections).Select(async _ =>
        {
            await using var connection = await database.Worker.OpenConnectionAsync();
            while (Interlocked.Increment(ref next) is var place && place < batches.Count)
            {
#pragma warning disable CA2100 // The benchmark's own literals, or the plan's own statement.
                await using var command = new NpgsqlCommand(batches[place].Statement, connection);
#pragma warning restore CA2100
                command.Parameters.Add(batches[place].Low);
                command.Parameters.Add(batches[place].High);
                await command.ExecuteNonQueryAsync();
            }
        }));
        return Stopwatch.GetElapsedTime(started);
    }
}
