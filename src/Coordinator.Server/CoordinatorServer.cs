using Coordinator.Server.Configuration;
using Coordinator.Server.Hosting;

namespace Coordinator.Server;

/// <summary>
/// One replica of Coordinator: gRPC services over the engine, health, telemetry. It keeps no state of its own, so any
/// number of replicas may run on one coordination database.
/// </summary>
public static class CoordinatorServer
{
    /// <summary>
    /// Puts a replica together. Its start first creates or upgrades the coordination database's tables, and waits for
    /// that database for a while; it listens only then.
    /// </summary>
    /// <param name="options">What the operator says; not read again afterwards.</param>
    /// <param name="configure">Changes the host, for instance its logging.</param>
    /// <exception cref="InvalidConfigurationException">The options can't be used; everything that is wrong with them.</exception>
    public static WebApplication Build(CoordinatorServerOptions options, Action<WebApplicationBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        OptionsCheck.Require(options);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel => Listeners.Configure(kestrel, options));
        builder.Services.AddCoordinatorServer(options);
        configure?.Invoke(builder);
        var app = builder.Build();
        app.MapCoordinator();
        return app;
    }

    /// <summary>Runs a replica until the token or the process is told to end.</summary>
    public static async Task RunAsync(
        CoordinatorServerOptions options, Action<WebApplicationBuilder>? configure, CancellationToken cancellationToken)
    {
        await using var app = Build(options, configure);
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Told to end before it had begun: that is an end like any other.
            return;
        }

        await app.WaitForShutdownAsync(cancellationToken);
    }
}
