using Coordinator.Engine;
using Coordinator.Engine.Targets;

namespace Coordinator.Server.Health;

/// <summary>
/// Looks every few seconds whether the coordination database answers and can be written, and says so to
/// <see cref="ServingState"/>. A standby answers, but nothing can be acknowledged on it.
/// </summary>
internal sealed class DatabaseProbe(
    CoordinationDatabase database, ServingState serving, TimeProvider time, ILogger<DatabaseProbe> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var failure = await LookAsync(stoppingToken);
            if (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            if (serving.SetDatabaseReachable(failure is null))
            {
                Log(failure);
            }

            await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<Exception?> LookAsync(CancellationToken stoppingToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, patience.Token);
        try
        {
            await using var command = database.DataSource.CreateCommand("select pg_is_in_recovery()");
            return await command.ExecuteScalarAsync(either.Token) is true
                ? new InvalidOperationException("The coordination database is a standby, which can't be written.")
                : null;
        }
        catch (Exception exception) when (exception is OperationCanceledException || TargetUnavailableException.Means(exception))
        {
            return exception;
        }
    }

    private void Log(Exception? failure)
    {
        if (failure is null)
        {
            HealthLog.Serving(logger);
        }
        else
        {
            HealthLog.DatabaseAway(logger, failure);
        }
    }
}
