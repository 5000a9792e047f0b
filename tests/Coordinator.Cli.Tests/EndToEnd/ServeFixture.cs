using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Tests.Hosting;
using Coordinator.Testing;

namespace Coordinator.Cli.Tests.EndToEnd;

/// <summary>A server that the <c>serve</c> command runs, with a target <c>shop</c> whose table <c>review</c> has a column <c>comment</c>.</summary>
public sealed class ServeFixture : IAsyncLifetime, IDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private InstalledTarget? _target;
    private TestDatabase? _coordination;
    private Task<CommandResult>? _server;

    public InstalledTarget Target => _target ?? throw new InvalidOperationException("The test has not begun.");

    public string CoordinationConnection => _coordination?.ConnectionString ?? "";

    public string Address { get; } = FreeAddress();

    /// <summary>Where the server speaks HTTP/1.1.</summary>
    public string HttpAddress { get; } = FreeAddress();

    public async Task InitializeAsync()
    {
        _target = await InstalledTarget.CreateAsync();
        await _target.ExecuteAsOwnerAsync(
            "create table review (id int primary key, comment text); insert into review select n, 'c' || n from generate_series(1, 5000) n");
        _coordination = await TestDatabase.CreateAsync();
        var serve = new CommandLine
        {
            CancellationToken = _ending.Token,
            Variables =
            {
                ["Coordinator__ConnectionString"] = _coordination.ConnectionString,
                ["Coordinator__Targets__shop__WorkerRoles__0"] = _target.Roles.Worker,
                // The pools of the test itself are no applications that a gate has to wait for.
                ["Coordinator__Targets__shop__IgnoredRoles__0"] = "postgres",
                ["Coordinator__Targets__shop__IgnoredRoles__1"] = _target.Roles.Owner,
                ["COORDINATOR_LOG_LEVEL"] = "Error",
            },
        };
        _server = serve.RunAsync(
            "serve", "--listen", Address, "--http-listen", HttpAddress, "--target", $"shop={_target.Roles.CoordinatorConnectionString}");
        await Eventually.TrueAsync(
            async () => _server.IsCompleted || (await RunAsync("status")).ExitCode == ExitCode.Done, "the server answers");
        Assert.False(_server.IsCompleted, _server.IsCompleted ? (await _server).Error : "");
    }

    public async Task DisposeAsync()
    {
        await _ending.CancelAsync();
        await (_server ?? Task.CompletedTask);
        await (_coordination?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_target?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    public void Dispose() => _ending.Dispose();

    internal Task<CommandResult> RunAsync(params string[] words) => new CommandLine().RunAsync([.. words, "--address", Address]);

    private static string FreeAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
    }
}
