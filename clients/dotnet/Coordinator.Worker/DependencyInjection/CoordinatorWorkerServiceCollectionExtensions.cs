using Coordinator.Client;
using Coordinator.Worker;
using Coordinator.Worker.Hosting;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds Coordinator's backfill worker to a host.</summary>
public static class CoordinatorWorkerServiceCollectionExtensions
{
    /// <summary>
    /// Runs a <see cref="BackfillWorker"/> as a hosted service; adds the client too. Its options are checked when the
    /// host starts. Give the host a shutdown timeout above <see cref="CoordinatorWorkerOptions.StopTimeout"/>.
    /// </summary>
    public static IServiceCollection AddCoordinatorWorker(
        this IServiceCollection services, Action<CoordinatorWorkerOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddCoordinatorClient();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<
            IValidateOptions<CoordinatorWorkerOptions>, CoordinatorWorkerOptionsValidator>());
        services.AddOptions<CoordinatorWorkerOptions>().Configure(configure).ValidateOnStart();
        services.TryAddSingleton(provider => new BackfillWorker(
            provider.GetRequiredService<CoordinatorClient>(),
            provider.GetRequiredService<IOptions<CoordinatorWorkerOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ILogger<BackfillWorker>>()));
        services.AddHostedService<BackfillWorkerService>();
        return services;
    }
}
