using System.Collections.Concurrent;
using Coordinator.Engine.Applications;
using Coordinator.Engine.Leasing;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Pacing;
using Coordinator.Engine.Quarantine;
using Coordinator.Engine.Targets;
using Coordinator.Engine.Verification;
using Coordinator.EventStore;
using Coordinator.EventStore.Listening;
using Coordinator.Postgres.Ddl;
using Coordinator.Postgres.Locks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Coordinator.Engine.Driving;

/// <summary>
/// Looks for migrations that need a driver and drives those whose advisory lock this replica gets. A replica that dies
/// loses its connection, so its locks, and another one takes over at its next look.
/// </summary>
internal sealed class MigrationDriverHost(
    CoordinationDatabase database,
    IEventStore store,
    TargetRegistry targets,
    AppendListener appended,
    AdmissionChanges admission,
    BackfillControl control,
    HandlerOffers offers,
    GateFactsReader facts,
    PaceTelemetry pace,
    EngineOptions options,
    TimeProvider time,
    ILogger<MigrationDriverHost> logger) : BackgroundService
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Task> _drivers = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var seen = appended.Current;
            try
            {
                foreach (var migration in await OpenMigrationsAsync(stoppingToken))
                {
                    if (!_drivers.ContainsKey(migration))
                    {
                        await TryClaimAsync(migration, stoppingToken);
                    }
                }

                await appended.WaitAsync(seen, LookInterval, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
            {
                // The coordination database is away for a moment; there is nothing to drive without it.
                DrivingLog.HousekeepingFailed(logger, exception);
                await Task.Delay(LookInterval, CancellationToken.None);
            }
        }

        await Task.WhenAll(_drivers.Values);
    }

    private async Task TryClaimAsync(string migration, CancellationToken stoppingToken)
    {
        var claim = await AdvisoryLock.TryAcquireAsync(
            database.ConnectionString, AdvisoryLockKey.ForName("migration-driver", migration), stoppingToken);
        if (claim is not null)
        {
            DrivingLog.Claimed(logger, migration);
            _drivers[migration] = DriveAsync(migration, claim, stoppingToken);
        }
    }

    private async Task DriveAsync(string migration, AdvisoryLock claim, CancellationToken stoppingToken)
    {
        // Let the claim be entered into the table before the driver can end and take it out again.
        await Task.Yield();
        try
        {
            await using (claim)
            {
                using var ends = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, claim.Lost);
                await CreateDriver(migration).RunAsync(ends.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping, or the lock is lost: whoever has it now goes on.
        }
        finally
        {
            _drivers.TryRemove(migration, out _);
            DrivingLog.Released(logger, migration);
        }
    }

    private MigrationDriver CreateDriver(string migration)
    {
        var stream = new MigrationStream(store);
        var fence = new MigrationFence(targets);
        var transaction = new TransactionStepExecutor(new DdlRunner(time));
        var verifications = new VerificationStore(database);
        var verifier = new StepVerifier(database, verifications, options, time, logger);
        var verified = new VerifiedGate(stream);
        var opening = new BackfillOpening(store, control, fence, options);
        var targetAdmission = new TargetAdmission(database, targets);
        var executors = new StepExecutors(
            transaction,
            new IndexExecutor(new ConcurrentIndexRunner(time)),
            new ValidateExecutor(new ConstraintValidator(time), stream, appended),
            new BackfillExecutor(store, control, opening, new BackfillAudit(control, opening), new PartitionedBackfill(store, control),
                new BackfillPacer(new PaceStore(database, options), options, time, pace, logger),
                offers, new BackfillBreaker(new BackfillFailures(database), options), appended),
            new VerifyExecutor(verifier),
            new GateExecutor(
                stream, facts, admission, new QuarantineGate(), new RetiredGate(stream, facts, targetAdmission, verified), verified,
                verifier, verifications, options, time, appended),
            new ContractExecutor(fence, transaction, verifier, verifications, options),
            new UninstallExecutor(fence, new RollbackGate(stream, facts, options, time, appended), transaction));
        return new MigrationDriver(
            migration, stream, fence, executors, admission, targetAdmission, database, targets, appended, logger);
    }

    private async Task<List<string>> OpenMigrationsAsync(CancellationToken cancellationToken)
    {
        // 2 running, 3 paused, 4 rolling back: what MigrationDriver.NeedsDriver says.
        await using var command = database.DataSource.CreateCommand(
            "select name from coordinator.migration where status in (2, 3, 4) order by created_at");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var names = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }
}
