using Coordinator.Engine.Targets;
using Coordinator.Server.Configuration;
using Microsoft.Extensions.Configuration;

namespace Coordinator.Server.Tests.Configuration;

/// <summary>Configurations that must not start, and what is said about them.</summary>
public class OptionsCheckTests
{
    private const string Key = "0123456789abcdef";

    [Fact]
    public void A_minimal_configuration_on_loopback_is_fine() => Assert.Empty(Problems(_ => { }));

    [Theory]
    [InlineData("http://0.0.0.0:8081")]
    [InlineData("http://*:8081")]
    [InlineData("http://[::]:8081")]
    [InlineData("http://192.0.2.1:8081")]
    [InlineData("http://127.0.0.1:8081; http://10.0.0.1:8082")]
    public void What_the_network_can_reach_does_not_start_without_authentication(string listen)
    {
        var problem = Assert.Single(Problems(options => options.Listen = listen));

        Assert.Equal("Listen", problem.Setting);
        Assert.Contains("ApiKeys", problem.Remedy, StringComparison.Ordinal);
        Assert.Empty(Problems(options =>
        {
            options.Listen = listen;
            options.ApiKeys.Add(new ApiKeyOptions { Name = "ops", Key = Key, Role = "operator" });
        }));
        Assert.Throws<InvalidConfigurationException>(() => CoordinatorServer.Build(
            new CoordinatorServerOptions { ConnectionString = "Host=db", Listen = listen }));
    }

    [Fact]
    public void The_http_listener_is_held_to_the_same() =>
        Assert.Equal("HttpListen", Assert.Single(Problems(options => options.HttpListen = "http://*:8080")).Setting);

    [Theory]
    [InlineData("http://127.0.0.1:8081")]
    [InlineData("http://127.9.9.9:8081")]
    [InlineData("http://[::1]:8081")]
    [InlineData("http://localhost:8081")]
    public void Loopback_needs_no_authentication(string listen) => Assert.Empty(Problems(options => options.Listen = listen));

    [Theory]
    [InlineData("")]
    [InlineData("8081")]
    [InlineData("ftp://127.0.0.1:1")]
    [InlineData("http://example.com:8081")]
    [InlineData("http://127.0.0.1:8081/path")]
    [InlineData("http://localhost:0")]
    [InlineData("http://127.0.0.1:8080")]
    [InlineData("https://127.0.0.1:8081")]
    public void An_address_that_can_not_be_listened_at_is_refused(string listen) =>
        Assert.Single(Problems(options => options.Listen = listen));

    [Fact]
    public void Limits_that_let_nobody_in_or_can_not_be_kept_are_refused()
    {
        Assert.Equal("Limits:RegistrationsPerSecond", Assert.Single(Problems(options => options.Limits.RegistrationsPerSecond = 0)).Setting);
        Assert.Equal("Limits:SessionsPerConnection", Assert.Single(Problems(options => options.Limits.SessionsPerConnection = 0)).Setting);
        Assert.Equal("Limits:SessionsPerConnection", Assert.Single(Problems(options => options.Limits.SessionsPerConnection = 1001)).Setting);
    }

    [Fact]
    public void All_problems_are_reported_at_once_each_with_what_to_do()
    {
        var problems = Problems(options =>
        {
            options.ConnectionString = "";
            options.Targets["Shop!"] = new TargetOptions();
            options.Targets["logs"] = new TargetOptions { Shards = { ["a"] = "Host=db;Password=hunter2;Nonsense=1" } };
            options.Tls.CertificatePath = "/nowhere/server.pem";
            options.Tls.KeyPath = "/nowhere/server.key";
            options.ApiKeys.Add(new ApiKeyOptions { Name = "a", Key = "short", Role = "king" });
            options.ApiKeys.Add(new ApiKeyOptions { Name = "a", Key = Key, Role = "instance" });
            options.ApiKeys.Add(new ApiKeyOptions { Name = "", Key = Key, Role = "worker", Targets = ["unknown"] });
            options.Certificates.Add(new CertificateGrantOptions { Name = "x", Role = "worker" });
            options.Timings.HeartbeatInterval = TimeSpan.FromSeconds(14);
            options.Timings.BatchLease = TimeSpan.Zero;
            options.MaxConcurrentConnections = 0;
        });

        string[] settings =
        [
            "ConnectionString", "Targets:Shop!", "Targets:Shop!:Shards", "Targets:logs:Shards:a", "Tls",
            "ApiKeys:0:Key", "ApiKeys:0:Role", "ApiKeys:1:Applications", "ApiKeys:2:Name", "ApiKeys:2:Targets", "ApiKeys",
            "Certificates:0:Targets", "Tls:ClientCaPath", "Timings:HeartbeatInterval", "Timings:BatchLease", "MaxConcurrentConnections",
        ];
        Assert.Subset(problems.Select(problem => problem.Setting).ToHashSet(), settings.ToHashSet());
        Assert.All(problems, problem => Assert.NotEmpty(problem.Remedy));
        Assert.DoesNotContain("hunter2", new InvalidConfigurationException(problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_client_authority_without_entries_lets_nobody_in_and_is_refused() => Assert.Contains(
        Problems(options => options.Tls.ClientCaPath = "/nowhere/ca.pem"), problem => problem.Setting == "Certificates");

    [Fact]
    public void Connections_stay_below_what_the_file_descriptor_limit_leaves()
    {
        Assert.InRange(DescriptorLimit.ConnectionsUnder(1024, shards: 4), 1, 900);
        Assert.True(DescriptorLimit.Read() > 0);
        Assert.Single(Problems(_ => { }, descriptorLimit: 256));
        Assert.Single(Problems(options => options.MaxConcurrentConnections = 1024, descriptorLimit: 1024));
        Assert.Empty(Problems(options => options.MaxConcurrentConnections = 500, descriptorLimit: 1024));
    }

    [Fact]
    public void The_section_is_read_with_everything_in_it()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Coordinator:ConnectionString"] = "Host=db",
            ["Coordinator:Listen"] = "http://127.0.0.1:1;http://127.0.0.1:2",
            ["Coordinator:HttpListen"] = "",
            ["Coordinator:Targets:shop:Shards:main"] = "Host=shop",
            ["Coordinator:Targets:shop:WorkerRoles:0"] = "worker",
            ["Coordinator:Targets:shop:Pace:ReplicaLagSeconds:Soft"] = "2.5",
            ["Coordinator:Targets:shop:Pace:BatchSlowdown:Hard"] = "",
            ["Coordinator:ApiKeys:0:Name"] = "ops",
            ["Coordinator:ApiKeys:0:Key"] = Key,
            ["Coordinator:ApiKeys:0:Role"] = "instance",
            ["Coordinator:ApiKeys:0:Applications:0"] = "shop-api",
            ["Coordinator:Timings:InstanceLease"] = "00:00:30",
            ["Coordinator:MaxConcurrentConnections"] = "100",
            ["Coordinator:Addresses:0"] = "http://a setting of the client, which shares the section",
        }).Build();

        var options = CoordinatorServerOptions.Read(configuration);

        Assert.Empty(OptionsCheck.Problems(options, 100_000));
        Assert.Equal("Host=shop", options.Targets["shop"].Shards["main"]);
        Assert.Equal(["worker"], options.Targets["shop"].WorkerRoles);
        var pace = options.Targets["shop"].Pace;
        Assert.Equal((2.5, 1.1, null), (pace.ReplicaLagSeconds.Soft, pace.BatchSlowdown.Soft, pace.BatchSlowdown.Hard));
        Assert.Equal(["shop-api"], Assert.Single(options.ApiKeys).Applications);
        Assert.Equal(TimeSpan.FromSeconds(30), options.Timings.InstanceLease);
        Assert.Empty(options.HttpListen);
    }

    private static IReadOnlyList<ConfigurationProblem> Problems(
        Action<CoordinatorServerOptions> change, long descriptorLimit = 100_000)
    {
        var options = new CoordinatorServerOptions { ConnectionString = "Host=db;Database=coordinator" };
        change(options);
        return OptionsCheck.Problems(options, descriptorLimit);
    }
}
