using Coordinator.Engine;
using Coordinator.Engine.Applications;
using Coordinator.Engine.Driving;
using Coordinator.Engine.Events;
using Coordinator.Engine.Fencing;
using Coordinator.Engine.Leasing;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Pacing;
using Coordinator.Engine.Quarantine;
using Coordinator.Engine.Readiness;
using Coordinator.Engine.Requests;
using Coordinator.Engine.Schema;
using Coordinator.Engine.Targets;
using Coordinator.Engine.Verification;
using Coordinator.EventStore;
using Coordinator.EventStore.Listening;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the engine.</summary>
public static class EngineServiceCollectionExtensions
{
    /// <summary>
    /// Adds the engine of one replica: its coordination database, its targets, what callers ask of it, and the hosted
    /// services that drive migrations. The schema is created by <see cref="EnsureCoordinatorSchemaAsync"/>, before the
    /// host starts.
    /// </summary>
    public static IServiceCollection AddCoordinatorEngine(
        this IServiceCollection services,
        string connectionString,
        IReadOnlyDictionary<string, TargetOptions> targets,
        Action<EngineOptions>? configure = null)
    {
        var options = new EngineOptions();
        configure?.Invoke(options);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(options);
        services.TryAddSingleton(_ => new CoordinationDatabase(connectionString));
        services.TryAddSingleton(_ => new TargetRegistry(targets));
        services.TryAddSingleton<IEventStore>(provider => new PostgresEventStore(
            provider.GetRequiredService<CoordinationDatabase>().DataSource,
            new EventStoreOptions
            {
                Registry = EventTypes.Create(),
                InlineProjections = [new ApplicationProjection(), new MigrationProjection()],
            }));
        services.TryAddSingleton(provider => AppendListener.Start(
            provider.GetRequiredService<CoordinationDatabase>().DataSource,
            timeProvider: provider.GetRequiredService<TimeProvider>(),
            logger: provider.GetRequiredService<ILogger<AppendListener>>()));
        services.TryAddSingleton<CoordinatorIdentity>();
        services.TryAddSingleton<RequestStore>();
        services.TryAddSingleton<InstanceRegistry>();
        services.TryAddSingleton<GateFactsReader>();
        services.TryAddSingleton<AdmissionChanges>();
        services.TryAddSingleton<BackfillControl>();
        services.TryAddSingleton<HandlerOffers>();
        services.TryAddSingleton(provider => new BatchLeasing(
            provider.GetRequiredService<CoordinationDatabase>(),
            provider.GetRequiredService<EngineOptions>(),
            provider.GetRequiredService<HandlerOffers>()));
        services.TryAddSingleton<ServiceTick>();
        services.TryAddSingleton<PaceTelemetry>();
        services.TryAddSingleton<BackfillCommands>();
        services.TryAddSingleton<TargetPreparation>();
        services.TryAddSingleton<StrictPreparation>();
        services.TryAddSingleton<RetirementCommands>();
        services.TryAddSingleton<MigrationCommands>();
        services.TryAddSingleton<MigrationQueries>();
        services.TryAddSingleton<QuarantineCommands>();
        services.TryAddSingleton<VerificationCommands>();
        services.TryAddSingleton<ReadinessQueries>();
        services.TryAddSingleton<ContractQueries>();
        services.TryAddSingleton(provider => new BatchRetention(
            provider.GetRequiredService<CoordinationDatabase>(),
            provider.GetRequiredService<TargetRegistry>(),
            provider.GetRequiredService<EngineOptions>(),
            provider.GetRequiredService<ILogger<BatchRetention>>()));
        services.AddHostedService<Housekeeping>();
        services.AddHostedService<MigrationDriverHost>();
        services.AddHostedService<AdmissionSync>();
        return services;
    }

    /// <summary>Creates or upgrades the coordination database's tables; safe with several replicas at once.</summary>
    public static async Task EnsureCoordinatorSchemaAsync(this IServiceProvider services, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(services);
        await CoordinationSchema.EnsureAsync(services.GetRequiredService<CoordinationDatabase>().DataSource, cancellationToken);
        await services.GetRequiredService<IEventStore>().EnsureSchemaAsync(cancellationToken);
    }
}
