using System.Globalization;
using System.Runtime.InteropServices;
using Coordinator.Client;
using Coordinator.Client.Instances;
using Npgsql;

namespace Coordinator.Demo;

/// <summary>
/// An application instance as a process of its own, which can be stopped and killed: <c>instance APPLICATION VERSION ID STATEMENT
/// ADDRESS...</c>, with the database in <c>INSTANCE_DATABASE</c>. It registers, then runs the statement twenty times a second, and
/// says good-bye on SIGTERM. It does not heed its own lease: what keeps it out, if anything does, is not its own good will. What it
/// prints are the changes: "writes", or "can't write" and why.
/// </summary>
internal static class InstanceProgram
{
    public const string Writes = "writes";

    public const string CanNotWrite = "can't write";

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(50);

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is not [var application, var version, var id, var statement, .. var addresses])
        {
            return 2;
        }

        using var stop = new CancellationTokenSource();
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            stop.Cancel();
        });
        var clientOptions = new CoordinatorClientOptions();
        foreach (var address in addresses)
        {
            clientOptions.Addresses.Add(address);
        }

        using var client = new CoordinatorClient(clientOptions);
        await using var session = new InstanceSession(client, new CoordinatorInstanceOptions
        {
            Application = application,
            Instance = id,
            SchemaVersion = long.Parse(version, CultureInfo.InvariantCulture),
            AppVersion = $"{version}.0.0",
            // The service may just be coming back, on a machine that is busy: who is not heard then has to be vouched for.
            LeaveTimeout = TimeSpan.FromSeconds(30),
        });
        try
        {
            await session.StartAsync(stop.Token);
        }
        catch (Exception refused) when (refused is InstanceStartException or OperationCanceledException)
        {
            Console.WriteLine($"not started: {refused.Message}");
            return 1;
        }

        await WriteAsync(statement, stop.Token);
        await session.LeaveAsync();
        return 0;
    }

    private static async Task WriteAsync(string statement, CancellationToken stop)
    {
        await using var source = NpgsqlDataSource.Create(Environment.GetEnvironmentVariable("INSTANCE_DATABASE")!);
        using var pace = new PeriodicTimer(Pace);
        string? said = null;
        while (!stop.IsCancellationRequested)
        {
            var outcome = await TryAsync(source, statement);
            if (outcome != said)
            {
                said = outcome;
                Console.WriteLine(outcome);
            }

            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private static async Task<string> TryAsync(NpgsqlDataSource source, string statement)
    {
        try
        {
#pragma warning disable CA2100 // From whoever started the process.
            await using var command = source.CreateCommand(statement);
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync();
            return Writes;
        }
        catch (NpgsqlException refused)
        {
            return $"{CanNotWrite}: {refused.Message}";
        }
    }
}
