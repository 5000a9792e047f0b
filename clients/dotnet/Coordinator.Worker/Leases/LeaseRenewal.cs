using Coordinator.Client;
using Coordinator.V1;
using Microsoft.Extensions.Logging;

namespace Coordinator.Worker.Leases;

/// <summary>Extends all leases of the worker in one call, when a third of the first of them has passed.</summary>
internal sealed class LeaseRenewal(
    CoordinatorClient client, string worker, LeaseBook book, TimeProvider timeProvider, ILogger logger)
{
    private static readonly TimeSpan ShortestCall = TimeSpan.FromMilliseconds(200);

    /// <summary>Ends by its token.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = book.Changed.Next;
            if (book.RenewalDueIn is not { } due || due > TimeSpan.Zero)
            {
                await Signal.WaitAsync(changed, book.RenewalDueIn, timeProvider, cancellationToken).ConfigureAwait(false);
                continue;
            }

            await RenewAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        if (book.NextRenewal() is not { } round)
        {
            return;
        }

        var request = new RenewLeasesRequest { Worker = worker };
        request.Tokens.AddRange(round.Tokens);
        var sentAt = timeProvider.GetTimestamp();
        try
        {
            using var call = client.Workers.RenewLeasesAsync(
                request, deadline: DeadlineWithin(round.Shortest), cancellationToken: cancellationToken);
            var response = await call.ResponseAsync.ConfigureAwait(false);
            var duration = response.LeaseDuration?.ToTimeSpan() ?? TimeSpan.Zero;
            var lost = book.Renewed(round.Tokens, response.Renewed, sentAt, duration);
            foreach (var lease in lost)
            {
                WorkerLog.LeaseLost(logger, lease.Token.Migration, lease.Token.Step, lease.Token.Batch);
            }
        }
        catch (CoordinatorException exception)
        {
            WorkerLog.RenewalFailed(logger, round.Tokens.Count, exception.Reason, exception.Message);
            book.RenewalFailed(round.Tokens);
        }
    }

    /// <summary>A second attempt, at another address, has to fit into the lease. gRPC counts on the system's clock.</summary>
    private static DateTime DeadlineWithin(TimeSpan lease) => TimeProvider.System.GetUtcNow().UtcDateTime
        + (lease / 3 > ShortestCall ? lease / 3 : ShortestCall);
}
