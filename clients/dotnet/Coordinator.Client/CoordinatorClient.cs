using Coordinator.Client.Transport;
using Coordinator.V1;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coordinator.Client;

/// <summary>
/// Coordinator's gRPC API over one or several addresses. A call that finds its address unavailable is sent to the next
/// one, a bounded number of times; every failure is a <see cref="CoordinatorException"/>, a cancellation an
/// <see cref="OperationCanceledException"/>. Thread-safe; make one for the life of the program.
/// </summary>
public sealed class CoordinatorClient : IDisposable
{
    private readonly EndpointPool _endpoints;

    /// <summary>Makes the client; nothing is connected yet.</summary>
    /// <param name="options">How to reach Coordinator; copied.</param>
    /// <param name="timeProvider">The clock of the pauses between attempts; the system's when null.</param>
    /// <param name="loggerFactory">Makes the loggers; null logs nothing.</param>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">The options are not valid.</exception>
    public CoordinatorClient(
        CoordinatorClientOptions options, TimeProvider? timeProvider = null, ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        CoordinatorClientOptionsValidator.ThrowIfInvalid(options);
        _endpoints = new EndpointPool(options.Addresses.Select((address, position) =>
            new Endpoint(address, position, EndpointChannels.Create(address, options, loggerFactory))));
        Calls = new FailoverCalls(
            _endpoints,
            new RetrySchedule(options.MaxAttempts, _endpoints.Count, Random.Shared.NextDouble),
            options.CallTimeout,
            options.Token,
            timeProvider ?? TimeProvider.System,
            (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<CoordinatorClient>());
        CallInvoker = new FailoverCallInvoker(Calls);
        Migrations = new MigrationService.MigrationServiceClient(CallInvoker);
        Applications = new ApplicationService.ApplicationServiceClient(CallInvoker);
        Backfills = new BackfillService.BackfillServiceClient(CallInvoker);
        Workers = new WorkerService.WorkerServiceClient(CallInvoker);
        Readiness = new ReadinessService.ReadinessServiceClient(CallInvoker);
        Health = new Health.HealthClient(CallInvoker);
    }

    /// <summary>Makes the calls of all clients here; for generated clients that this class does not have.</summary>
    public CallInvoker CallInvoker { get; }

    /// <summary>Plans, starts, watches and stops migrations.</summary>
    public MigrationService.MigrationServiceClient Migrations { get; }

    /// <summary>Applications and their instances.</summary>
    public ApplicationService.ApplicationServiceClient Applications { get; }

    /// <summary>How far backfills are.</summary>
    public BackfillService.BackfillServiceClient Backfills { get; }

    /// <summary>Backfill batches, for workers.</summary>
    public WorkerService.WorkerServiceClient Workers { get; }

    /// <summary>May a deploy go on?</summary>
    public ReadinessService.ReadinessServiceClient Readiness { get; }

    /// <summary>Whether the service that answers is up.</summary>
    public Health.HealthClient Health { get; }

    internal FailoverCalls Calls { get; }

    /// <summary>May this version of the application be deployed?</summary>
    /// <exception cref="CoordinatorException">The question was refused, or Coordinator was not reached.</exception>
    public Task<Readiness> CheckDeployAsync(
        string application, long schemaVersion, CancellationToken cancellationToken = default) =>
        CheckAsync(new ReadinessQuestion { Deploy = Version(application, schemaVersion) }, cancellationToken);

    /// <summary>May the application still be rolled back to this version?</summary>
    /// <exception cref="CoordinatorException">The question was refused, or Coordinator was not reached.</exception>
    public Task<Readiness> CheckRollBackAsync(
        string application, long schemaVersion, CancellationToken cancellationToken = default) =>
        CheckAsync(new ReadinessQuestion { RollBack = Version(application, schemaVersion) }, cancellationToken);

    /// <summary>Has the migration passed this point?</summary>
    /// <param name="migration">The migration's name, with or without the prefix <c>migrations/</c>.</param>
    /// <param name="milestone">The point.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="CoordinatorException">The question was refused, or Coordinator was not reached.</exception>
    public Task<Readiness> CheckMilestoneAsync(
        string migration,
        ReadinessQuestion.Types.MigrationMilestone.Types.Milestone milestone,
        CancellationToken cancellationToken = default)
    {
        var point = new ReadinessQuestion.Types.MigrationMilestone { Migration = MigrationName(migration), Milestone = milestone };
        return CheckAsync(new ReadinessQuestion { Migration = point }, cancellationToken);
    }

    /// <summary>Would the migration's contract break anything if it ran at this moment? Each blocker is one thing that it would break.</summary>
    /// <param name="migration">The migration's name, with or without the prefix <c>migrations/</c>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="CoordinatorException">The question was refused, or Coordinator was not reached.</exception>
    public Task<Readiness> CheckContractAsync(string migration, CancellationToken cancellationToken = default)
    {
        var contract = new ReadinessQuestion.Types.MigrationContract { Migration = MigrationName(migration) };
        return CheckAsync(new ReadinessQuestion { Contract = contract }, cancellationToken);
    }

    /// <summary>
    /// Several questions in one call: the verdict is the worst of theirs, and each blocker says in <see cref="Blocker.Question"/> which of
    /// them it belongs to (<c>deploy=shop-api:42</c>).
    /// </summary>
    /// <param name="questions">One to 100 questions.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="CoordinatorException">A question was refused, or Coordinator was not reached.</exception>
    public Task<Readiness> CheckAllAsync(
        IReadOnlyCollection<ReadinessQuestion> questions, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(questions);
        return CheckAsync(new CheckRequest { Questions = { questions } }, cancellationToken);
    }

    /// <summary>Closes the connections. Calls that are running fail.</summary>
    public void Dispose() => _endpoints.Dispose();

    private static string MigrationName(string migration)
    {
        ArgumentException.ThrowIfNullOrEmpty(migration);
        const string Prefix = "migrations/";
        return migration.StartsWith(Prefix, StringComparison.Ordinal) ? migration : Prefix + migration;
    }

    private static ReadinessQuestion.Types.ApplicationVersion Version(string application, long schemaVersion)
    {
        ArgumentException.ThrowIfNullOrEmpty(application);
        return new() { Application = application, SchemaVersion = schemaVersion };
    }

    private Task<Readiness> CheckAsync(ReadinessQuestion question, CancellationToken cancellationToken) =>
        CheckAsync(new CheckRequest { Question = question }, cancellationToken);

    private async Task<Readiness> CheckAsync(CheckRequest request, CancellationToken cancellationToken)
    {
        using var call = Readiness.CheckAsync(request, cancellationToken: cancellationToken);
        return (await call.ResponseAsync.ConfigureAwait(false)).Readiness;
    }
}
