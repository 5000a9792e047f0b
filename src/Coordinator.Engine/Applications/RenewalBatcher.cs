namespace Coordinator.Engine.Applications;

/// <summary>
/// Renews many instances in one statement. The first renewal goes out at once; those that arrive while it is under way
/// go out together when it is back. So a lone heartbeat waits for nothing, and thousands cost a few statements.
/// </summary>
internal sealed class RenewalBatcher(CoordinationDatabase database, EngineOptions options)
{
    private const int MostPerStatement = 1000;

    private readonly Lock _gate = new();
    private readonly Queue<Waiter> _waiting = new();
    private bool _flushing;

    /// <summary>
    /// True when the renewal is committed. False when it did not happen for whatever reason: the instance is not known,
    /// has ended, runs another version, is retired, or its row was locked.
    /// </summary>
    public Task<bool> RenewAsync(InstanceReport report, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(report);
        bool first;
        lock (_gate)
        {
            _waiting.Enqueue(waiter);
            first = !_flushing;
            _flushing = true;
        }

        if (first)
        {
            // Not awaited: it serves all callers, and hands every failure to those that it concerns.
            _ = FlushAsync();
        }

        return waiter.Renewed.Task.WaitAsync(cancellationToken);
    }

    private async Task FlushAsync()
    {
        while (TakeNext() is { } batch)
        {
            try
            {
                var renewed = await RenewAsync(batch);
                foreach (var waiter in batch)
                {
                    waiter.Renewed.SetResult(renewed.Contains(waiter.Key));
                }
            }
            catch (Exception exception)
            {
                // Every caller gets the failure of the statement that carried its renewal; the next ones go on.
                foreach (var waiter in batch)
                {
                    waiter.Renewed.TrySetException(exception);
                }
            }
        }
    }

    private List<Waiter>? TakeNext()
    {
        lock (_gate)
        {
            if (_waiting.Count == 0)
            {
                _flushing = false;
                return null;
            }

            var batch = new List<Waiter>();
            while (batch.Count < MostPerStatement && _waiting.TryDequeue(out var waiter))
            {
                batch.Add(waiter);
            }

            return batch;
        }
    }

    // A locked row is skipped: one that somebody holds must not hold up a thousand others. Retired versions are refused
    // by the floor that this statement sees. No lock is needed against a retirement: it finds no instance below its
    // floor, and one that has ended since is not renewed, because the row's newest version is looked at again.
    private async Task<HashSet<(string Application, string Instance, long Version)>> RenewAsync(List<Waiter> batch)
    {
        await using var command = database.DataSource.CreateCommand(
            """
            with mine as materialized (
                select i.application, i.instance
                from coordinator.instance i
                    join unnest($1, $2, $3) as r(application, instance, version) using (application, instance)
                    join coordinator.application a on a.name = i.application
                where i.state = 0 and i.version = r.version and i.version >= a.floor
                for no key update of i skip locked
            )
            update coordinator.instance i
            set last_seen_at = clock_timestamp(), expires_at = greatest(i.expires_at, clock_timestamp() + $4)
            from mine
            where i.application = mine.application and i.instance = mine.instance
            returning i.application, i.instance, i.version
            """);
        command.Parameters.Add(new() { Value = batch.Select(waiter => waiter.Report.Application).ToArray() });
        command.Parameters.Add(new() { Value = batch.Select(waiter => waiter.Report.Instance).ToArray() });
        command.Parameters.Add(new() { Value = batch.Select(waiter => waiter.Report.Version).ToArray() });
        command.Parameters.Add(new() { Value = options.InstanceLease });
        await using var reader = await command.ExecuteReaderAsync();
        var renewed = new HashSet<(string, string, long)>();
        while (await reader.ReadAsync())
        {
            renewed.Add((reader.GetString(0), reader.GetString(1), reader.GetInt64(2)));
        }

        // To the end of the message: only behind it is the statement committed.
        await reader.NextResultAsync();
        return renewed;
    }

    private sealed class Waiter(InstanceReport report)
    {
        public InstanceReport Report { get; } = report;

        public (string Application, string Instance, long Version) Key { get; } =
            (report.Application, report.Instance, report.Version);

        public TaskCompletionSource<bool> Renewed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
