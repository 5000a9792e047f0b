using Coordinator.V1;
using Coordinator.Worker.Batches;
using Coordinator.Worker.Handlers;
using Npgsql;

namespace Coordinator.Worker.Running;

/// <summary>
/// Runs batches in the databases that the options name. An entry for <c>target/shard</c> serves that shard; an entry for
/// the target alone serves its one shard, and no other: two databases of one cluster have the same system identifier, so
/// the target itself could not tell that a batch of another shard does not belong there.
/// </summary>
internal sealed class TargetBatchRunner : IBatchRunner, IAsyncDisposable
{
    private readonly Dictionary<string, NpgsqlDataSource> _sources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _onlyShards = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IBackfillHandler> _handlers;
    private readonly Lock _lock = new();

    public TargetBatchRunner(CoordinatorWorkerOptions options)
    {
        _handlers = new Dictionary<string, IBackfillHandler>(options.Handlers, StringComparer.Ordinal);
        foreach (var (name, connectionString) in options.Targets)
        {
            var builder = new NpgsqlDataSourceBuilder(connectionString) { Name = name };
            // The witness of a gate tells a worker from an application by this name.
            builder.ConnectionStringBuilder.ApplicationName = "coordinator-worker";
            builder.ConnectionStringBuilder.MaxPoolSize = Math.Max(options.Parallelism + 1, 2);
            // All state of a batch is its transaction's own, and a reset would throw away the plans of the guards each time. A
            // handler, though, may leave anything in a session.
            builder.ConnectionStringBuilder.NoResetOnClose = options.Handlers.Count == 0;
            _sources.Add(name, builder.Build());
        }
    }

    public bool Knows(BatchLease lease) => Find(lease) is not null;

    public Task<BatchOutcome> RunAsync(BatchLease lease, CancellationToken leaseEnded, CancellationToken cancellationToken)
    {
        var target = Find(lease) ?? throw new InvalidOperationException($"Target '{lease.Target}' is not known here.");
        var name = BatchHandler.Of(lease);
        if (name.Length == 0)
        {
            return BatchTransaction.RunAsync(target, Grant(lease), cancellationToken);
        }

        return _handlers.TryGetValue(name, out var handler)
            ? HandlerTransaction.RunAsync(target, Grant(lease), handler, leaseEnded, cancellationToken)
            : Task.FromResult<BatchOutcome>(new BatchOutcome.HandlerFailed($"This worker has no handler '{name}'."));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var source in _sources.Values)
        {
            await source.DisposeAsync().ConfigureAwait(false);
        }
    }

    private NpgsqlDataSource? Find(BatchLease lease)
    {
        if (_sources.TryGetValue($"{lease.Target}/{lease.Token.Shard}", out var source))
        {
            return source;
        }

        if (!_sources.TryGetValue(lease.Target, out source))
        {
            return null;
        }

        lock (_lock)
        {
            return _onlyShards.TryAdd(lease.Target, lease.Token.Shard) || _onlyShards[lease.Target] == lease.Token.Shard
                ? source
                : null;
        }
    }

    private static BatchGrant Grant(BatchLease lease) => new()
    {
        Migration = lease.Token.Migration,
        Shard = lease.Token.Shard,
        Step = lease.Token.Step,
        Batch = lease.Token.Batch,
        Lo = lease.FirstBlock,
        Hi = lease.EndBlock,
        Statement = lease.Statement,
        Table = lease.Table.Length > 0 ? lease.Table : null,
        Key = [.. (lease.KeyRange?.Columns ?? []).Select(static column => new KeyColumn(column.Name, column.Type))],
        Epoch = lease.Token.Epoch,
        LeaseId = Guid.Parse(lease.Token.LeaseId),
        Generation = lease.Generation,
        SystemIdentifier = lease.SystemIdentifier,
        Timeline = lease.Timeline,
        TriggerTable = lease.TriggerTable.Length > 0 ? lease.TriggerTable : null,
        TriggerName = lease.TriggerName.Length > 0 ? lease.TriggerName : null,
        LockTimeout = lease.LockTimeout?.ToTimeSpan() ?? TimeSpan.FromSeconds(1),
        StatementTimeout = lease.StatementTimeout?.ToTimeSpan() ?? TimeSpan.FromSeconds(30),
    };
}
