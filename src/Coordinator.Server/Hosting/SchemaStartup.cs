using Coordinator.Engine.Targets;

namespace Coordinator.Server.Hosting;

/// <summary>
/// Creates or upgrades the coordination database's tables before anything listens or drives. A database that is not
/// there yet is waited for, since a whole environment may be starting; but not for ever, since it may never come.
/// </summary>
internal sealed class SchemaStartup(
    IServiceProvider services, CoordinatorServerOptions options, TimeProvider time, ILogger<SchemaStartup> logger)
    : IHostedLifecycleService
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly TimeSpan _patience = options.StartTimeout;

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var pause = FirstPause;
        while (true)
        {
            try
            {
                await services.EnsureCoordinatorSchemaAsync(cancellationToken);
                return;
            }
            catch (Exception exception) when (TargetUnavailableException.Means(exception))
            {
                var waited = time.GetElapsedTime(started);
                if (waited + pause > _patience)
                {
                    HostingLog.DatabaseNeverCame(logger, waited, exception);
                    throw new CoordinationDatabaseMissingException(_patience, exception);
                }

                HostingLog.WaitingForDatabase(logger, _patience - waited, Reason(exception));
            }

            await Task.Delay(pause * (0.5 + (Random.Shared.NextDouble() / 2)), time, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static string Reason(Exception exception) => (exception.InnerException ?? exception).Message;
}
