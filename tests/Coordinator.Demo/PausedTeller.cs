using Coordinator.Client;
using Coordinator.Postgres.Embedded;
using Coordinator.Testing;
using Coordinator.V1;
using Npgsql;

namespace Coordinator.Demo;

/// <summary>
/// Beside the main job, a small application in strict mode: its one instance is stopped (SIGSTOP) for so long that its lease lapses.
/// That blocks the gate, which says so; then the target itself shuts the old version out, the contract runs, and the instance wakes
/// up (SIGCONT) and finds that it can't write.
/// </summary>
internal sealed class PausedTeller(Bank bank, CoordinatorCluster cluster, CoordinatorCli cli, Transcript transcript, string directory)
    : IDisposable
{
    public const string Database = "vault";

    private const string Migration = "drop-note";
    private const string Instance = "teller-1";
    private const string Suspected = "INSTANCE_SUSPECTED";

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(90);

    private readonly NpgsqlDataSource _admin = NpgsqlDataSource.Create(bank.VaultConnectionString("postgres", "demo"));
    private CoordinatorProcess? _process;
    private Task _story = Task.CompletedTask;
    private string _reason = "";
    private string _refusal = "";
    private long _writesBefore;
    private long _writesAfter;

    /// <summary>A database with one table, and a role for each of two versions of its application.</summary>
    public static async Task CreateDatabaseAsync(EmbeddedPostgres server, CancellationToken cancellationToken)
    {
        await ExecuteAsync(
            server.ConnectionString(),
            [
                "create role teller_v1 login",
                "create role teller_v2 login",
                // What 'coordinator target check --spec FILE --sql' tells an administrator to run.
                "alter role coordinator createrole",
                "grant pg_signal_backend to coordinator",
                """
                do $$ begin
                  if current_setting('server_version_num')::int >= 160000 then
                    execute 'grant teller_v1, teller_v2 to coordinator with admin true, inherit false, set false';
                  end if;
                end $$
                """,
                "create database vault owner bank_owner",
                "grant create on database vault to coordinator",
            ],
            cancellationToken);
        await ExecuteAsync(
            server.ConnectionString(Database, "bank_owner"),
            [
                "create table entry (id int primary key, note text, writes bigint not null default 0)",
                "insert into entry (id) values (1)",
                "grant select, insert, update on entry to teller_v1, teller_v2",
            ],
            cancellationToken);
    }

    /// <summary>Starts instance and migration, and stops the instance; what follows runs beside the main job.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await cli.RunAsync(cancellationToken, "application", "expect", "teller", "--none");
        _process = CoordinatorProcess.StartProgram(
            typeof(PausedTeller).Assembly.Location,
            Instance,
            directory,
            new Dictionary<string, string> { ["INSTANCE_DATABASE"] = bank.VaultConnectionString("teller_v1", "teller@1") },
            ["instance", "teller", "1", Instance, "update entry set writes = writes + 1 where id = 1", .. cluster.Addresses]);
        await UntilAsync(
            () => Task.FromResult(_process.Output.Contains(InstanceProgram.Writes, StringComparison.Ordinal)), "teller-1 writes", cancellationToken);
        var file = Path.Combine(directory, "drop-note.yaml");
        await File.WriteAllTextAsync(
            file,
            $$"""
            migration: {{Migration}}
            target: vault
            versions:
              teller: { uses_new_from: 2, free_of_old_from: 2, mode: strict, roles: "teller_v{version}" }
            operations:
              - raw_sql: { table: entry, contract: alter table entry drop column note }

            """,
            cancellationToken);
        await cli.RunAsync(cancellationToken, "plan", file);
        await cli.RunAsync(cancellationToken, "start", Migration);
        await _process.SignalAsync("STOP");
        transcript.Say($"kill -STOP {Instance} (pid {_process.Id}): it keeps its session and its registration, and stands still");
        _story = RunAsync(_process, cancellationToken);
    }

    /// <summary>Waits for the end of it.</summary>
    public Task EndAsync() => _story;

    public void Check(Checklist checks)
    {
        checks.Check("a paused instance blocked the gate when its lease had lapsed", _reason.Length > 0, _reason);
        checks.Check(
            "strict mode: it could not write when it woke up after the contract",
            _refusal.Length > 0 && _writesBefore > 0 && _writesBefore == _writesAfter,
            $"{_writesBefore} writes before, {_writesAfter - _writesBefore} after");
    }

    public void Dispose()
    {
        _process?.Dispose();
        _admin.Dispose();
    }

    private async Task RunAsync(CoordinatorProcess process, CancellationToken cancellationToken)
    {
        using var client = new CoordinatorClient(Options());
        await UntilAsync(
            async () => await LookAsync(client) is { } now && (_reason = Reason(now)).Length > 0, "the gate names the paused instance", cancellationToken);
        await ShowAsync("status", Migration);
        await UntilAsync(
            async () => await LookAsync(client) is { State: V1.Migration.Types.State.Completed }, "the contract of drop-note", cancellationToken);
        transcript.Say($"{Migration}: nobody vouched for {Instance}, so the target itself shut version 1 out, and the contract ran");
        _writesBefore = await WritesAsync(cancellationToken);
        await process.SignalAsync("CONT");
        transcript.Say($"kill -CONT {Instance}: it wakes up, and writes as if nothing had happened");
        await UntilAsync(
            () => Task.FromResult((_refusal = Refusal(process)).Length > 0), "teller-1 tries to write", cancellationToken);
        transcript.Quote(_refusal);
        await process.SignalAsync("TERM");
        await process.EndAsync(cancellationToken);
        _writesAfter = await WritesAsync(cancellationToken);
    }

    private async Task ShowAsync(params string[] arguments)
    {
        var (_, output) = await cli.InvokeAsync(arguments, CancellationToken.None);
        transcript.Say($"$ coordinator {string.Join(' ', arguments)}");
        transcript.Quote(output);
    }

    private CoordinatorClientOptions Options()
    {
        var options = new CoordinatorClientOptions();
        foreach (var address in cluster.Addresses)
        {
            options.Addresses.Add(address);
        }

        return options;
    }

    private static string Reason(V1.Migration migration) => migration.Blockers
        .Where(blocker => blocker.Code == Suspected)
        .Select(blocker => $"{blocker.Code} {blocker.Subject}: {blocker.Message}")
        .FirstOrDefault("");

    private static string Refusal(CoordinatorProcess process) => process.Output.Split('\n')
        .LastOrDefault(line => line.StartsWith(InstanceProgram.CanNotWrite, StringComparison.Ordinal)) ?? "";

    private static async Task<V1.Migration?> LookAsync(CoordinatorClient client)
    {
        try
        {
            return (await client.Migrations.GetMigrationAsync(new GetMigrationRequest { Name = Migration })).Migration;
        }
        catch (CoordinatorException)
        {
            // A replica is being killed.
            return null;
        }
    }

    private async Task<long> WritesAsync(CancellationToken cancellationToken)
    {
        await using var command = _admin.CreateCommand("select writes from entry");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, string what, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > Longest)
            {
                throw new InvalidOperationException($"Not within {Longest.TotalSeconds:0} s: {what}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken);
        }
    }

    private static async Task ExecuteAsync(
        string connectionString, IReadOnlyList<string> statements, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        foreach (var statement in statements)
        {
#pragma warning disable CA2100 // The demo's own literals.
            await using var command = source.CreateCommand(statement);
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
