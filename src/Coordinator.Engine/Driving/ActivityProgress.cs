using System.Threading.Channels;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Ddl;

namespace Coordinator.Engine.Driving;

/// <summary>Turns what a step in the target waits for into the migration's visible activity. Only the latest counts.</summary>
internal sealed class ActivityProgress : IProgress<DdlWait>, IAsyncDisposable
{
    private readonly Channel<string> _latest = Channel.CreateBounded<string>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly TargetShard _shard;
    private readonly Task _writer;

    public ActivityProgress(MigrationActivity activity, TargetShard shard, CancellationToken cancellationToken)
    {
        _shard = shard;
        _writer = WriteAsync(activity, cancellationToken);
    }

    public void Report(DdlWait value) => _latest.Writer.TryWrite($"shard '{_shard.Name}': {DdlWaitText.Of(value)}");

    public async ValueTask DisposeAsync()
    {
        _latest.Writer.Complete();
        await _writer;
    }

    private async Task WriteAsync(MigrationActivity activity, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var text in _latest.Reader.ReadAllAsync(cancellationToken))
            {
                await activity.SayAsync(text, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The step was interrupted; what it waited for no longer matters.
        }
    }
}
