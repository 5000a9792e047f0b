using Coordinator.Server.Configuration;
using Coordinator.Server.Security;

namespace Coordinator.Server.Hosting;

/// <summary>Says in the log what an operator should know of this replica.</summary>
internal sealed class StartupNotices(
    CoordinatorServerOptions options,
    CallerRegistry callers,
    IHostApplicationLifetime lifetime,
    ILogger<StartupNotices> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (callers.IsOpen)
        {
            HostingLog.OpenToThisMachine(logger);
        }

        if (options.Targets.Count == 0)
        {
            HostingLog.NoTargets(logger);
        }

        var listeners = ListenAddress.ParseAll(options.Listen).Concat(ListenAddress.ParseAll(options.HttpListen));
        foreach (var address in listeners.Where(address => !address.IsTls && !address.IsLoopback))
        {
            HostingLog.KeysInTheClear(logger, address.Url);
        }

        var (connections, files) = (Listeners.ConnectionLimit(options), DescriptorLimit.Read());
        HostingLog.ConnectionLimit(logger, connections, files);
        lifetime.ApplicationStopping.Register(() => HostingLog.Stopping(logger));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
