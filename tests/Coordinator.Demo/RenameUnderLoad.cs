using System.Globalization;
using Coordinator.Client;
using Coordinator.Client.Instances;
using Coordinator.Postgres.Embedded;

namespace Coordinator.Demo;

/// <summary>
/// The main job: eight instances of a bank run at a steady rate while the column that they read and write is renamed
/// under them, filled by four workers, and the old one dropped when the last old instance has left. On the way a replica
/// and a worker are killed, an instance restarts, and two go back a version and forward again.
/// </summary>
internal sealed class RenameUnderLoad(DemoOptions options, Transcript transcript)
{
    private const string Migration = "rename-abalance";

    private static readonly TimeSpan Baseline = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Afterwards = TimeSpan.FromSeconds(6);

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        var directory = Directory.CreateTempSubdirectory("coordinator-demo-").FullName;
        CoordinatorCluster? cluster = null;
        try
        {
            await using var server = await StartPostgresAsync(cancellationToken);
            await using var bank = new Bank(server, options.Rows, directory);
            transcript.Say($"PostgreSQL runs; loading {options.Rows:N0} accounts with pgbench -i");
            await bank.CreateAsync(cancellationToken);
            await PausedTeller.CreateDatabaseAsync(server, cancellationToken);
            using (cluster = new CoordinatorCluster(directory, bank))
            {
                return await RunAsync(server, bank, cluster, directory, cancellationToken);
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            transcript.Say($"The demo broke off: {exception.Message}");
            ShowTails(cluster);
            return false;
        }
        finally
        {
            if (options.Keep)
            {
                transcript.Say($"Files are kept in {directory}");
            }
            else
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }

    private static Task<EmbeddedPostgres> StartPostgresAsync(CancellationToken cancellationToken) =>
        EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions
            {
                // fsync stays on. The commit timestamp is the clock that the gate's latency is read from.
                Settings = new Dictionary<string, string>
                {
                    ["shared_buffers"] = "512MB",
                    ["max_wal_size"] = "4GB",
                    ["max_connections"] = "200",
                    ["track_commit_timestamp"] = "on",
                },
            },
            cancellationToken);

    private async Task<bool> RunAsync(
        EmbeddedPostgres server, Bank bank, CoordinatorCluster cluster, string directory, CancellationToken cancellationToken)
    {
        var logs = Directory.CreateDirectory(Path.Combine(directory, "load")).FullName;
        var pgbench = new Pgbench(server, logs);
        IReadOnlyList<string> oldScript = bank.RunsBuiltIn
            ? ["-b", "tpcb-like"]
            : await ScriptAsync(bank, "abalance", cancellationToken);
        var newScript = await ScriptAsync(bank, "balance", cancellationToken);
        var maximum = await pgbench.MeasureMaximumAsync(oldScript, cancellationToken);
        var rate = maximum * 0.3 / BankFleet.Size;
        transcript.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"closed-loop maximum {maximum:0} transactions/s; eight instances at {rate:0.0}/s each, together 30 % of it"));

        var record = new LoadRecord();
        var cli = new CoordinatorCli(cluster.Addresses, transcript);
        var moments = new DemoMoments();
        await WaitForServiceAsync(cli, cancellationToken);
        await using var fleet = new BankFleet(
            cluster.Addresses, pgbench, record, version => version == 1 ? oldScript : newScript, rate);
        await fleet.StartAllAsync(1, cancellationToken);
        transcript.Say("eight instances of version 1 are registered and under load");
        using var teller = new PausedTeller(bank, cluster, cli, transcript, directory);
        await teller.StartAsync(cancellationToken);
        moments.LoadStarted = TimeProvider.System.GetUtcNow();
        await Task.Delay(Baseline, cancellationToken);

        await MigrateAsync(bank, cluster, cli, fleet, moments, directory, cancellationToken);
        await DeployAsync(cluster, fleet, cancellationToken);
        await WaitForContractAsync(cli, cancellationToken);
        moments.Contracted = TimeProvider.System.GetUtcNow();
        await RefusedAsync(fleet, 1, "an instance of version 1 tries to come back", cancellationToken);
        await Task.Delay(Afterwards, cancellationToken);
        moments.Ended = TimeProvider.System.GetUtcNow();
        await cli.RunAsync(cancellationToken, "status", Migration);
        await fleet.DisposeAsync();
        await teller.EndAsync();
        var passed = await new DemoReport(transcript, bank, record, fleet, moments, teller, Migration).PrintAsync(cancellationToken);
        if (!passed)
        {
            ShowTails(cluster);
        }

        return passed;
    }

    private async Task MigrateAsync(
        Bank bank,
        CoordinatorCluster cluster,
        CoordinatorCli cli,
        BankFleet fleet,
        DemoMoments moments,
        string directory,
        CancellationToken cancellationToken)
    {
        var file = Path.Combine(directory, "rename.yaml");
        await File.WriteAllTextAsync(
            file,
            $$"""
            migration: {{Migration}}
            target: bank
            versions:
              bank: { uses_new_from: 2, free_of_old_from: 2 }
            operations:
              - rename_column: { table: pgbench_accounts, from: abalance, to: balance }

            """,
            cancellationToken);
        await cli.RunAsync(cancellationToken, "application", "expect", "bank", "--count", "8");
        await cli.RunAsync(cancellationToken, "plan", file);
        moments.MigrationStarted = TimeProvider.System.GetUtcNow();
        await cli.RunAsync(cancellationToken, "start", Migration);
        await RefusedAsync(fleet, 2, "an instance of version 2 tries to start before the column is filled", cancellationToken);

        cluster.StartWorkers(4);
        transcript.Say("four workers start");
        var first = bank.RunsBuiltIn ? 8 : 1;
        await WaitUntilAsync(
            bank, $"select count(*) filter (where state = 'done') >= {first} from coordinator.ledger", cancellationToken);
        var holder = await HolderAsync(bank, cancellationToken);
        transcript.Say(await cluster.ReplaceWorkerAsync(holder));
        (moments.LeftByKilledWorker, moments.WorkerKilled) = await LeasesAsync(bank, holder, cancellationToken);
        transcript.Say(await cluster.ReplaceDrivingReplicaAsync(Migration));
        await cli.RunAsync(cancellationToken, "status", Migration);
        await cli.RunAsync(cancellationToken, "ready", "migration", Migration, "backfilled", "--wait", "--timeout", "3m");
        moments.Backfilled = TimeProvider.System.GetUtcNow();
        transcript.Say("filled and verified: version 2 may be deployed");
    }

    /// <summary>The rolling deploy: readiness is asked before every step, and never are fewer than seven running.</summary>
    private async Task DeployAsync(CoordinatorCluster cluster, BankFleet fleet, CancellationToken cancellationToken)
    {
        using var client = Client(cluster);
        (int Place, int Version, string Why)[] steps =
        [
            (0, 2, "deploy"), (1, 2, "deploy"), (2, 2, "deploy"), (3, 2, "deploy"),
            (7, 1, "version 1 restarts"),
            (0, 1, "back to version 1"), (1, 1, "back to version 1"),
            (0, 2, "forward again"), (1, 2, "forward again"),
            (4, 2, "deploy"), (5, 2, "deploy"), (6, 2, "deploy"), (7, 2, "deploy"),
        ];
        foreach (var (place, version, why) in steps)
        {
            var readiness = version == 2
                ? await client.CheckDeployAsync(Bank.Application, version, cancellationToken)
                : await client.CheckRollBackAsync(Bank.Application, version, cancellationToken);
            if (readiness.Verdict != V1.Readiness.Types.Verdict.Ready)
            {
                throw new InvalidOperationException($"Version {version} is not ready: {string.Join("; ", readiness.Blockers.Select(blocker => blocker.Message))}");
            }

            transcript.Say($"{why}: {await fleet.ReplaceAsync(place, version, cancellationToken)}");
        }
    }

    private static CoordinatorClient Client(CoordinatorCluster cluster)
    {
        var clientOptions = new CoordinatorClientOptions();
        foreach (var address in cluster.Addresses)
        {
            clientOptions.Addresses.Add(address);
        }

        return new CoordinatorClient(clientOptions);
    }

    private async Task RefusedAsync(BankFleet fleet, int version, string what, CancellationToken cancellationToken)
    {
        try
        {
            await using var wrong = await fleet.StartAsync(version, cancellationToken);
        }
        catch (InstanceStartException refused)
        {
            transcript.Say($"{what}: refused before it touched the database");
            transcript.Quote(refused.Message);
            return;
        }

        throw new InvalidOperationException($"{what}, and it was not refused.");
    }

    private async Task WaitForContractAsync(CoordinatorCli cli, CancellationToken cancellationToken)
    {
        await cli.RunAsync(cancellationToken, "ready", "migration", Migration, "completed", "--wait", "--timeout", "1m");
        transcript.Say("the last instance of version 1 has left: the contract ran by itself");
    }

    private static async Task<IReadOnlyList<string>> ScriptAsync(Bank bank, string column, CancellationToken cancellationToken) =>
        ["-f", await bank.WriteScriptAsync(column, cancellationToken), "-s", bank.Scale.ToString(CultureInfo.InvariantCulture)];

    private static async Task WaitForServiceAsync(CoordinatorCli cli, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < 60; attempt++)
        {
            if ((await cli.InvokeAsync(["status"], cancellationToken)).Exit == 0)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), cancellationToken);
        }

        throw new InvalidOperationException("The service did not come up within half a minute.");
    }

    private static async Task WaitUntilAsync(Bank bank, string condition, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < 600; attempt++)
        {
            if (await bank.AskAsync<bool>($"select coalesce(({condition}), false)", cancellationToken))
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        }

        throw new InvalidOperationException($"Not within a minute: {condition}");
    }

    /// <summary>A worker that holds a lease right now.</summary>
    private static async Task<string> HolderAsync(Bank bank, CancellationToken cancellationToken)
    {
        await using var coordination = Npgsql.NpgsqlDataSource.Create(bank.CoordinationConnectionString);
        await using var command = coordination.CreateCommand(
            "select holder from coordinator.backfill_batch where state = 0 and expires_at > clock_timestamp() order by granted_at desc limit 1");
        return await command.ExecuteScalarAsync(cancellationToken) as string ?? "";
    }

    /// <summary>The batches that a worker was granted and has not reported; asked after its end, they are orphans.</summary>
    /// <summary>What a worker holds, and when that is.</summary>
    private static async Task<(IReadOnlyList<Guid> Leases, DateTime Now)> LeasesAsync(
        Bank bank, string holder, CancellationToken cancellationToken)
    {
        await using var coordination = Npgsql.NpgsqlDataSource.Create(bank.CoordinationConnectionString);
        await using var command = coordination.CreateCommand(
            """
            select coalesce(array_agg(lease_id), '{}'), clock_timestamp()
              from coordinator.backfill_batch where state = 0 and holder = $1
            """);
        command.Parameters.Add(new Npgsql.NpgsqlParameter<string> { TypedValue = holder });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (await reader.GetFieldValueAsync<Guid[]>(0, cancellationToken), reader.GetDateTime(1));
    }

    private void ShowTails(CoordinatorCluster? cluster)
    {
        foreach (var process in cluster?.Processes ?? [])
        {
            transcript.Heading($"the end of {process.Name}'s log:");
            transcript.Quote(process.Tail);
        }
    }
}
