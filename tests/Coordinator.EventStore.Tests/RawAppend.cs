using Npgsql;

namespace Coordinator.EventStore.Tests;

/// <summary>Another writer, by hand: its transaction stays open as long as the test wants.</summary>
internal static class RawAppend
{
    /// <summary>Takes the stream's row, draws a number and inserts, as the contract for writers says.</summary>
    public static async Task<long> AppendAsync(NpgsqlConnection connection, string key, long version)
    {
        await using var take = new NpgsqlCommand("""
            insert into coordinator_events.mt_streams (id, version) values ($1, $2)
            on conflict (id) do update set version = excluded.version
            """, connection)
        {
            Parameters = { new() { Value = key }, new() { Value = version } },
        };
        await take.ExecuteNonQueryAsync();
        return await InsertAsync(connection, key, version, await DrawAsync(connection));
    }

    /// <summary>Draws a number and nothing else.</summary>
    public static async Task<long> DrawAsync(NpgsqlConnection connection)
    {
        await using var draw = new NpgsqlCommand("select nextval('coordinator_events.mt_events_sequence')", connection);
        return (long)(await draw.ExecuteScalarAsync())!;
    }

    /// <summary>Inserts an event under a number drawn before; the stream must be there.</summary>
    public static async Task<long> InsertAsync(NpgsqlConnection connection, string key, long version, long number)
    {
        await using var insert = new NpgsqlCommand("""
            insert into coordinator_events.mt_events (seq_id, id, stream_id, version, data, type, "timestamp", is_archived)
            values ($1, gen_random_uuid(), $2, $3, '{"Sku": "raw", "Quantity": 1}', 'item_added', now(), false)
            """, connection)
        {
            Parameters = { new() { Value = number }, new() { Value = key }, new() { Value = version } },
        };
        await insert.ExecuteNonQueryAsync();
        return number;
    }
}
