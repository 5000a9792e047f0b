using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Server.Tests.Chaos;

/// <summary>Holds one worker at one named point inside its batch's transaction, until it is disposed.</summary>
internal sealed class HeldPoint : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly string _key;
    private bool _released;

    private HeldPoint(NpgsqlConnection connection, string key)
    {
        _connection = connection;
        _key = key;
    }

    public static async Task<HeldPoint> CloseAsync(TestDatabase target, string worker, string point)
    {
        var connection = await target.DataSource.OpenConnectionAsync();
        var held = new HeldPoint(connection, $"chaos.point_key('{worker}', '{point}')");
        await held.RunAsync($"select pg_advisory_lock({held._key})");
        return held;
    }

    /// <summary>Whether the worker stands there.</summary>
    public async Task<bool> IsReachedAsync() => (bool)(await RunAsync(
        "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and pg_backend_pid() = any (pg_blocking_pids(pid)))"))!;

    public async ValueTask DisposeAsync()
    {
        if (_released)
        {
            return;
        }

        _released = true;
        await RunAsync($"select pg_advisory_unlock({_key})");
        await _connection.DisposeAsync();
    }

    private async Task<object?> RunAsync(string sql)
    {
#pragma warning disable CA2100 // The test's own text.
        await using var command = new NpgsqlCommand(sql, _connection);
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync();
    }
}
