using Coordinator.Client;
using Coordinator.Client.DependencyInjection;
using Coordinator.Client.Instances;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds Coordinator's client to a host.</summary>
public static class CoordinatorClientServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="CoordinatorClient"/> as a singleton. Its options are read from the configuration section
    /// <see cref="CoordinatorClientOptions.SectionName"/> (in the environment: <c>Coordinator__Addresses__0</c>,
    /// <c>Coordinator__Token</c>), then changed by <paramref name="configure"/>, and checked when the host starts.
    /// </summary>
    public static IServiceCollection AddCoordinatorClient(
        this IServiceCollection services, Action<CoordinatorClientOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<
            IConfigureOptions<CoordinatorClientOptions>, CoordinatorClientConfiguration>(
            provider => new CoordinatorClientConfiguration(provider.GetService<IConfiguration>())));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<
            IValidateOptions<CoordinatorClientOptions>, CoordinatorClientOptionsValidator>());
        services.AddOptions<CoordinatorClientOptions>().ValidateOnStart();
        if (configure is not null)
        {
            services.Configure(configure);
        }

        services.TryAddSingleton(provider => new CoordinatorClient(
            provider.GetRequiredService<IOptions<CoordinatorClientOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ILoggerFactory>()));
        return services;
    }

    /// <summary>
    /// Registers this process with Coordinator before the host's services start, keeps it registered, and says good-bye
    /// after they have stopped. Adds <see cref="ICoordinatorInstance"/> and the health check <c>coordinator</c> with the
    /// tags <c>ready</c> and <c>coordinator</c>; adds the client too. A refused version makes the host's start fail with
    /// an <see cref="InstanceStartException"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">An instance was added before: a process is one instance.</exception>
    public static IServiceCollection AddCoordinatorInstance(
        this IServiceCollection services, string application, Action<CoordinatorInstanceOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(application);
        ArgumentNullException.ThrowIfNull(configure);
        if (services.Any(service => service.ServiceType == typeof(ICoordinatorInstance)))
        {
            throw new InvalidOperationException("AddCoordinatorInstance was called twice; a process is one instance.");
        }

        services.AddCoordinatorClient();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<
            IValidateOptions<CoordinatorInstanceOptions>, CoordinatorInstanceOptionsValidator>());
        services.AddOptions<CoordinatorInstanceOptions>()
            .Configure(options => options.Application = application)
            .Configure(configure)
            .ValidateOnStart();
        services.AddSingleton(provider => new InstanceSession(
            provider.GetRequiredService<CoordinatorClient>(),
            provider.GetRequiredService<IOptions<CoordinatorInstanceOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ILogger<InstanceSession>>()));
        services.AddSingleton<ICoordinatorInstance>(provider => provider.GetRequiredService<InstanceSession>());
        services.AddHostedService<InstanceHostedService>();
        services.AddHealthChecks().AddCheck<InstanceHealthCheck>("coordinator", tags: ["ready", "coordinator"]);
        return services;
    }
}
