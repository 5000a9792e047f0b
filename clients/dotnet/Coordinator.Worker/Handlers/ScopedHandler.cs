using Microsoft.Extensions.DependencyInjection;

namespace Coordinator.Worker.Handlers;

/// <summary>A handler that is made for each batch, with services of its own scope.</summary>
internal sealed class ScopedHandler<THandler>(IServiceScopeFactory scopes) : IBackfillHandler
    where THandler : class, IBackfillHandler
{
    public async Task<long> RunAsync(BatchContext batch, CancellationToken cancellationToken)
    {
        var scope = scopes.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
        {
            return await scope.ServiceProvider.GetRequiredService<THandler>().RunAsync(batch, cancellationToken)
                .ConfigureAwait(false);
        }
    }
}
