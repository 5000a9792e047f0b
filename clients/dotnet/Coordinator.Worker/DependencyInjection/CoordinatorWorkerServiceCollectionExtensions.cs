using System.Diagnostics.CodeAnalysis;
using Coordinator.Client;
using Coordinator.Worker;
using Coordinator.Worker.Handlers;
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

    /// <summary>
    /// Lets the worker run batches of backfills whose specification says <c>handler: name</c> by
    /// <typeparamref name="THandler"/>, made for each batch in a scope of its own. Needs
    /// <see cref="AddCoordinatorWorker"/> too. An invalid or repeated name fails the host's start.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="name">The name that specifications use: lower-case letters, digits and hyphens, at most 63.</param>
    public static IServiceCollection AddBackfillHandler<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(
        this IServiceCollection services, string name)
        where THandler : class, IBackfillHandler
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(name);
        services.TryAddScoped<THandler>();
        services.AddOptions<CoordinatorWorkerOptions>().Configure<IServiceScopeFactory>(
            (options, scopes) => options.Handlers.Add(name, new ScopedHandler<THandler>(scopes)));
        return services;
    }
}
