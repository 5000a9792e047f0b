using Coordinator.Engine.Targets;
using Coordinator.Server.Configuration;
using Coordinator.Server.Security;
using Coordinator.Server.Tests.Hosting;
using Coordinator.Testing;
using Grpc.Core;

namespace Coordinator.Server.Tests.Security;

/// <summary>A server with a key for each role.</summary>
public sealed class KeyedServerFixture : IAsyncLifetime
{
    public const string OwnApplication = "own-app";
    public const string OwnTarget = "own-target";

    private ServerHost? _server;

    internal ServerHost Server => _server!;

    public TestDatabase Coordination { get; private set; } = null!;

    public static string NameOf(string role) => $"the-{role}";

    public static string KeyOf(string role) => $"key-of-the-{role}-0123456789";

    public static Metadata Bearer(string role) => new() { { "authorization", $"Bearer {KeyOf(role)}" } };

    public async Task InitializeAsync()
    {
        Coordination = await TestDatabase.CreateAsync();
        var options = ServerHost.Options(Coordination.ConnectionString);
        options.HttpListen = "http://127.0.0.1:0";
        options.Targets[OwnTarget] = new TargetOptions { Shards = { ["main"] = "Host=127.0.0.1;Port=1;Timeout=1" } };
        options.ApiKeys.AddRange(CallerRoles.Names.Select(role => new ApiKeyOptions
        {
            Name = NameOf(role),
            Key = KeyOf(role),
            Role = role,
            Applications = [OwnApplication],
            Targets = [OwnTarget],
        }));
        _server = await ServerHost.StartAsync(options);
    }

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        await Coordination.DisposeAsync();
    }
}
