using Npgsql;

namespace Coordinator.Postgres.Tests.Ddl;

/// <summary>A transaction that a test keeps open: whoever needs what it has locked waits until it ends.</summary>
internal sealed class OpenTransaction : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;

    private OpenTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        _connection = connection;
        _transaction = transaction;
    }

    public int Pid => _connection.ProcessID;

    public static async Task<OpenTransaction> BeginAsync(NpgsqlDataSource source, string sql)
    {
        var connection = await source.OpenConnectionAsync();
        var transaction = await connection.BeginTransactionAsync();
        var open = new OpenTransaction(connection, transaction);
        await open.ExecuteAsync(sql);
        return open;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var batch = _connection.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(sql));
        await batch.ExecuteNonQueryAsync();
    }

    public Task CommitAsync() => _transaction.CommitAsync();

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
