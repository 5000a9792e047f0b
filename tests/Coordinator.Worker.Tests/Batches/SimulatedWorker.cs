using Coordinator.Worker.Batches;
using Npgsql;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>
/// A worker of the simulation: a connection of its own, and the statements that it still has to send. It is stopped
/// whenever nobody calls it, for as long as nobody calls it.
/// </summary>
internal sealed class SimulatedWorker(string connectionString) : IAsyncDisposable
{
    private readonly Queue<NpgsqlBatchCommand> _left = new();
    private NpgsqlConnection? _connection;

    /// <summary>What it works on; null when it is idle.</summary>
    public BatchGrant? Grant { get; private set; }

    /// <summary>The grant before, for a second delivery.</summary>
    public BatchGrant? Last { get; private set; }

    /// <summary>The statement that waits for a lock.</summary>
    public Task<StepResult>? InFlight { get; set; }

    /// <summary>Whether the statements left are those of the raise.</summary>
    public bool Raising { get; private set; }

    /// <summary>What raise_batch answered in the transaction that is open.</summary>
    public string? Answer { get; set; }

    /// <summary>The step of the simulation at which it goes on.</summary>
    public int StoppedUntil { get; set; }

    /// <summary>The server's process; 0 while there is none.</summary>
    public int ProcessId { get; private set; }

    public void Start(BatchGrant grant, IReadOnlyList<NpgsqlBatchCommand> commands, bool raising)
    {
        (Grant, Last, Raising, Answer) = (grant, grant, raising, null);
        _left.Clear();
        foreach (var command in commands)
        {
            _left.Enqueue(command);
        }
    }

    public void Drop() => Grant = null;

    /// <summary>Sends the next statement.</summary>
    public async Task<StepResult> StepAsync()
    {
        if (_connection is null)
        {
            _connection = new NpgsqlConnection(connectionString);
            await _connection.OpenAsync();
            ProcessId = _connection.ProcessID;
        }

        try
        {
            await using var batch = _connection.CreateBatch();
            batch.BatchCommands.Add(_left.Dequeue());
            await using var reader = await batch.ExecuteReaderAsync();
            var answer = await reader.ReadAsync() && reader.GetName(0) == BatchProtocol.AnswerColumn ? reader.GetValue(0).ToString() : null;
            return new StepResult(null, answer, _left.Count == 0);
        }
        catch (PostgresException exception)
        {
            await _connection.RunAsync("rollback");
            return new StepResult(exception.SqlState, null, Last: true);
        }
    }

    /// <summary>Dies, wherever it is; the server rolls back.</summary>
    public async Task CrashAsync(NpgsqlDataSource admin)
    {
        if (ProcessId != 0)
        {
            await using var terminate = admin.CreateCommand("select pg_terminate_backend($1, 5000)");
            terminate.Parameters.Add(new NpgsqlParameter { Value = ProcessId });
            await terminate.ExecuteNonQueryAsync();
        }

        if (InFlight is { } waiting)
        {
            await Record.ExceptionAsync(() => waiting);
        }

        InFlight = null;
        Grant = null;
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
            _connection = null;
            ProcessId = 0;
        }
    }

    /// <summary>What a statement answered: an SQLSTATE, or an answer, and whether it was the last of its message.</summary>
    internal sealed record StepResult(string? SqlState, string? Answer, bool Last);
}
