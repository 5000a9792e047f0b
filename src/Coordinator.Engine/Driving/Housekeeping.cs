using Coordinator.Engine.Leasing;
using Coordinator.Engine.Requests;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Coordinator.Engine.Driving;

/// <summary>What every replica does on the side: the service's tick, and the removal of rows past their retention.</summary>
internal sealed class Housekeeping(
    CoordinationDatabase database,
    ServiceTick tick,
    RequestStore requests,
    BatchRetention batches,
    HandlerOffers offers,
    EngineOptions options,
    TimeProvider time,
    ILogger<Housekeeping> logger) : BackgroundService
{
    private static readonly TimeSpan PruneInterval = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.TickInterval, time);
        var pruned = time.GetTimestamp();
        do
        {
            try
            {
                await tick.TickAsync(stoppingToken);
                if (time.GetElapsedTime(pruned) > PruneInterval)
                {
                    pruned = time.GetTimestamp();
                    await requests.PruneAsync(stoppingToken);
                    await offers.PruneAsync(stoppingToken);
                    await PruneInstancesAsync(stoppingToken);
                    await batches.PruneAsync(stoppingToken);
                }
            }
            catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
            {
                // Away for a moment; the next tick sees the gap and does not count it against any lease.
                DrivingLog.HousekeepingFailed(logger, exception);
            }
        }
        while (await NextAsync(timer, stoppingToken));
    }

    private static async Task<bool> NextAsync(PeriodicTimer timer, CancellationToken stoppingToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    // Instances that said good-bye or were vouched for; a lapsed one is never removed, because it still counts.
    private async Task PruneInstancesAsync(CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(
            "delete from coordinator.instance where state <> 0 and ended_at < now() - interval '7 days'");
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
