using Coordinator.Worker.Batches;
using Npgsql;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>
/// A worker that can be stopped between any two statements of the real protocol: the same statements as
/// <see cref="BatchTransaction"/> sends in one message, here one by one on a connection of its own.
/// </summary>
internal sealed class SteppedBatch : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly IReadOnlyList<NpgsqlBatchCommand> _commands;
    private int _next;

    private SteppedBatch(NpgsqlConnection connection, IReadOnlyList<NpgsqlBatchCommand> commands)
    {
        _connection = connection;
        _commands = commands;
    }

    public static async Task<SteppedBatch> StartAsync(BatchTarget target, BatchGrant grant)
    {
        var connection = await target.Target.Worker.OpenConnectionAsync();
        return new SteppedBatch(connection, BatchProtocol.Batch(grant));
    }

    /// <summary>Runs the statements up to, without, the one that contains the text.</summary>
    public async Task RunUntilAsync(string text)
    {
        while (!_commands[_next].CommandText.Contains(text, StringComparison.Ordinal))
        {
            await StepAsync();
        }
    }

    /// <summary>Runs what is left; null when it committed, else the SQLSTATE that stopped it.</summary>
    public async Task<string?> ContinueAsync()
    {
        try
        {
            while (_next < _commands.Count)
            {
                await StepAsync();
            }

            return null;
        }
        catch (PostgresException exception)
        {
            return exception.SqlState;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
    }

    private async Task StepAsync()
    {
        await using var batch = _connection.CreateBatch();
        batch.BatchCommands.Add(_commands[_next++]);
        await batch.ExecuteNonQueryAsync();
    }
}
