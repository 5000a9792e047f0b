using Coordinator.Engine.Leasing;
using Coordinator.Worker.Batches;
using Npgsql;

namespace Coordinator.Engine.Tests.Driving;

/// <summary>A worker in this process: leases from the engine, batches through the worker SDK's own transaction.</summary>
internal sealed class TestFleet : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;

    public TestFleet(BatchLeasing leasing, NpgsqlDataSource target, string targetName, string worker = "test-worker")
    {
        _work = WorkAsync(leasing, target, targetName, worker);
    }

    /// <summary>Outcomes that were neither committed nor done before.</summary>
    public List<BatchOutcome> Refusals { get; } = [];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
    }

    public static BatchGrant ToGrant(GrantedBatch granted) => new()
    {
        Migration = granted.Token.Migration,
        Step = granted.Token.Step,
        Batch = granted.Token.Batch,
        Lo = granted.FirstBlock,
        Hi = granted.EndBlock,
        Statement = granted.Statement,
        Table = granted.Table.Length == 0 ? null : granted.Table,
        Key = [.. granted.Key.Select(column => new KeyColumn(column.Name, column.Type))],
        Epoch = granted.Token.Epoch,
        LeaseId = granted.Token.LeaseId,
        Generation = granted.Generation,
        SystemIdentifier = granted.SystemIdentifier,
        Timeline = granted.Timeline,
        TriggerTable = granted.TriggerTable.Length == 0 ? null : granted.TriggerTable,
        TriggerName = granted.TriggerName.Length == 0 ? null : granted.TriggerName,
        LockTimeout = granted.LockTimeout,
        StatementTimeout = granted.StatementTimeout,
    };

    private async Task WorkAsync(BatchLeasing leasing, NpgsqlDataSource target, string targetName, string worker)
    {
        // Its pace between empty answers; a timer, because a fleet polls too.
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        try
        {
            while (true)
            {
                if (!await RoundAsync(leasing, target, targetName, worker))
                {
                    await pace.WaitForNextTickAsync(_stop.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    /// <summary>False when there was nothing to do, or when a session was cut: its leases expire, or the ledger has them.</summary>
    private async Task<bool> RoundAsync(BatchLeasing leasing, NpgsqlDataSource target, string targetName, string worker)
    {
        try
        {
            var batches = await leasing.AcquireAsync(worker, [targetName], 4, Guid.NewGuid(), null, 1, _stop.Token);
            foreach (var batch in batches)
            {
                await RunAsync(leasing, target, worker, batch);
            }

            return batches.Count > 0;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private async Task RunAsync(BatchLeasing leasing, NpgsqlDataSource target, string worker, GrantedBatch batch)
    {
        var outcome = await BatchTransaction.RunAsync(target, ToGrant(batch), CancellationToken.None);
        var rows = outcome switch
        {
            BatchOutcome.Committed committed => committed.Rows,
            BatchOutcome.AlreadyDone done => done.Rows,
            _ => -1,
        };
        if (rows >= 0)
        {
            await leasing.CompleteAsync(
                worker, [new BatchReceipt(batch.Token, rows, outcome.SystemIdentifier!.Value, outcome.Timeline!, (outcome as BatchOutcome.Committed)?.Elapsed)], CancellationToken.None);
        }
        else
        {
            Refusals.Add(outcome);
            await leasing.ReleaseAsync(
                worker, [Release(batch, outcome)], CancellationToken.None);
        }
    }

    // As the worker SDK reports it.
    private static BatchRelease Release(GrantedBatch batch, BatchOutcome outcome) => outcome switch
    {
        BatchOutcome.Failed { Kind: FailureKind.Transient } failed => new(batch.Token, "RETRYABLE_ERROR", failed.SqlState, failed.Message, 0),
        BatchOutcome.Failed { Kind: FailureKind.Configuration } failed =>
            new(batch.Token, "CONFIGURATION_ERROR", failed.SqlState, failed.Message, 0),
        BatchOutcome.Failed { Kind: FailureKind.TooManyBadRows } failed =>
            new(batch.Token, "TOO_MANY_BAD_ROWS", failed.SqlState, failed.Message, 0),
        BatchOutcome.ProtocolBroken broken => new(batch.Token, "PROTOCOL_BROKEN", broken.SqlState, broken.Message, 0),
        BatchOutcome.Failed failed => new(batch.Token, "STATEMENT_FAILED", failed.SqlState, failed.Message, 0),
        _ => new(batch.Token, outcome.GetType().Name, "", "", 0),
    };
}
