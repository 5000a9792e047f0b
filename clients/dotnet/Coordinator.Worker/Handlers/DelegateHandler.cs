namespace Coordinator.Worker.Handlers;

/// <summary>A handler that is one method.</summary>
internal sealed class DelegateHandler(Func<BatchContext, CancellationToken, Task<long>> run) : IBackfillHandler
{
    public Task<long> RunAsync(BatchContext batch, CancellationToken cancellationToken) => run(batch, cancellationToken);
}
