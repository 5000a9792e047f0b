using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Engine.Tests;

/// <summary>A transaction of the test's own that stays open: a barrier in front of whoever needs what it has locked.</summary>
public sealed class HeldTransaction : IAsyncDisposable
{
    private readonly TestDatabase _database;
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;

    private HeldTransaction(TestDatabase database, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        _database = database;
        _connection = connection;
        _transaction = transaction;
    }

    /// <summary>Begins, and runs what takes the locks.</summary>
    public static async Task<HeldTransaction> BeginAsync(TestDatabase database, string sql)
    {
        var connection = await database.DataSource.OpenConnectionAsync();
        var held = new HeldTransaction(database, connection, await connection.BeginTransactionAsync());
        await held.ExecuteAsync(sql);
        return held;
    }

    /// <summary>Runs more in the same transaction.</summary>
    public async Task<int> ExecuteAsync(string sql)
    {
#pragma warning disable CA2100 // The test's own text.
        await using var command = new NpgsqlCommand(sql, _connection, _transaction);
#pragma warning restore CA2100
        return await command.ExecuteNonQueryAsync();
    }

    /// <summary>Returns when so many sessions wait for this transaction, directly or behind another one.</summary>
    public Task WaitersAsync(int count) => Eventually.TrueAsync(
        async () => (await WaitingPidsAsync()).Length >= count, $"{count} sessions wait for the held transaction");

    /// <summary>Ends the sessions that wait, as a killed server process would.</summary>
    public async Task TerminateWaitersAsync()
    {
        await using var command = _database.DataSource.CreateCommand("select pg_terminate_backend(pid) from unnest($1) as pid");
        command.Parameters.Add(new() { Value = await WaitingPidsAsync() });
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Lets everybody go on.</summary>
    public Task CommitAsync() => _transaction.CommitAsync();

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private async Task<int[]> WaitingPidsAsync()
    {
        await using var command = _database.DataSource.CreateCommand(
            """
            with recursive waiting as (
                select a.pid from pg_stat_activity a where $1 = any(pg_blocking_pids(a.pid))
                union
                select a.pid from pg_stat_activity a join waiting w on w.pid = any(pg_blocking_pids(a.pid))
            )
            select coalesce(array_agg(pid), '{}') from waiting
            """);
        command.Parameters.Add(new() { Value = _connection.ProcessID });
        return (int[])(await command.ExecuteScalarAsync())!;
    }
}
