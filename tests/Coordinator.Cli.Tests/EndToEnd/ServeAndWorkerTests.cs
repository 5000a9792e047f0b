using Coordinator.Cli.Invocation;
using Coordinator.Cli.Tests.Hosting;

namespace Coordinator.Cli.Tests.EndToEnd;

/// <summary>The real server, started by the command, with a real target.</summary>
public sealed class ServeAndWorkerTests(ServeFixture server) : IClassFixture<ServeFixture>, IDisposable
{
    private readonly List<string> _files = [];

    public void Dispose() => _files.ForEach(System.IO.File.Delete);

    [Fact]
    public async Task A_migration_goes_from_its_plan_to_its_gate_by_commands_alone()
    {
        var plan = await RunAsync("plan", Specification("comment", "message"));
        Assert.Equal((ExitCode.Done, ""), (plan.ExitCode, plan.ExitCode == ExitCode.Done ? "" : plan.Error));
        Assert.Equal(ExitCode.Blocked, (await RunAsync("watch", "rename")).ExitCode);
        Assert.Equal(ExitCode.Done, (await RunAsync("start", "rename")).ExitCode);
        Assert.Equal(ExitCode.NotReady, (await RunAsync("ready", "deploy", "shop-api", "42")).ExitCode);

        using var workerEnds = new CancellationTokenSource();
        var worker = new CommandLine
        {
            CancellationToken = workerEnds.Token,
            Variables = { ["COORDINATOR_TARGET_SHOP"] = server.Target.Roles.WorkerConnectionString, ["COORDINATOR_LOG_LEVEL"] = "Error" },
        }.RunAsync("worker", "--worker-id", "cli-test", "--parallelism", "2", "--address", server.Address);
        var ready = await RunAsync("ready", "deploy", "shop-api", "42", "--wait", "--timeout", "2m");
        await workerEnds.CancelAsync();

        Assert.Equal(ExitCode.Done, ready.ExitCode);
        Assert.Equal(ExitCode.Done, (await worker).ExitCode);
        Assert.Equal(ExitCode.Done, (await RunAsync("ready", "rollback", "shop-api", "41")).ExitCode);
        Assert.Equal(ExitCode.Done, (await RunAsync("pause", "rename", "--reason", "test")).ExitCode);
        Assert.Equal(ExitCode.Blocked, (await RunAsync("ready", "migration", "rename", "completed")).ExitCode);
        Assert.Equal(ExitCode.Done, (await RunAsync("resume", "rename")).ExitCode);
        var rollback = await RunAsync("rollback", "rename", "--yes", "--wait", "--timeout", "2m");
        Assert.True(rollback.ExitCode == ExitCode.Done, rollback.Error);
        Assert.Contains("rolled back", (await RunAsync("status")).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("start")]
    [InlineData("watch")]
    [InlineData("history")]
    public async Task A_migration_that_is_not_there_is_not_found(string verb)
    {
        var result = await RunAsync(verb, "nope");

        Assert.Equal(ExitCode.NotFound, result.ExitCode);
        Assert.Contains("what to do: ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bad_yaml_is_shown_with_line_and_column()
    {
        var file = File("migration: rename\ntarget: shop\nversions: [\n");

        var result = await RunAsync("plan", file);

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Matches($@"^{file}:\d+:\d+: error [A-Z_]+: ", result.Error);
    }

    [Fact]
    public async Task All_errors_of_a_specification_come_at_once()
    {
        var file = File(
            """
            migration: Rename Me
            target: shop
            versions:
              shop-api: { uses_new_from: 42, free_of_old_from: 41 }
            operations:
              - rename_colum: { table: review }
            """);

        var result = await RunAsync("plan", file);

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Contains($"{file}:1:12: error NAME_INVALID: ", result.Error, StringComparison.Ordinal);
        Assert.Contains($"{file}:4:", result.Error, StringComparison.Ordinal);
        Assert.Contains($"{file}:6:", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_column_that_is_not_there_is_an_error_of_the_specification()
    {
        var result = await RunAsync("plan", Specification("coment", "message"));

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Contains("coment", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configuration_that_can_not_be_used_is_a_usage_error_with_all_its_faults()
    {
        var result = await new CommandLine().RunAsync("serve", "--listen", "http://0.0.0.0:0", "--target", "Shop!=Host=x");

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Contains("Coordinator:ConnectionString is not set.", result.Error, StringComparison.Ordinal);
        Assert.Contains("Coordinator:Listen opens", result.Error, StringComparison.Ordinal);
        Assert.Contains("Coordinator:Targets:Shop!", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_is_taken_is_said_in_one_line()
    {
        var second = new CommandLine { Variables = { ["Coordinator__ConnectionString"] = server.CoordinationConnection } };

        var result = await second.RunAsync("serve", "--listen", server.Address, "--http-listen", "");

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Contains("address already in use", result.Error, StringComparison.Ordinal);
        Assert.Contains("--listen", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_coordination_database_that_is_away_is_temporary()
    {
        var away = new CommandLine { Variables = { ["Coordinator__StartTimeout"] = "00:00:00" } };

        var result = await away.RunAsync(
            "serve", "--listen", "http://127.0.0.1:0", "--http-listen", "", "--connection-string", "Host=127.0.0.1;Port=1;Timeout=2");

        Assert.Equal(ExitCode.Temporary, result.ExitCode);
        Assert.StartsWith("error COORDINATION_DATABASE_UNAVAILABLE: ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_without_a_target_is_a_usage_error()
    {
        var none = await RunAsync("worker");
        var broken = await RunAsync("worker", "--target", "Host=db;Password=secret");

        Assert.Equal((ExitCode.Usage, ExitCode.Usage), (none.ExitCode, broken.ExitCode));
        Assert.DoesNotContain("secret", broken.Error, StringComparison.Ordinal);
    }

    private Task<CommandResult> RunAsync(params string[] words) => server.RunAsync(words);

    private string Specification(string from, string to) => File(
        $$"""
        migration: rename
        target: shop
        versions:
          shop-api: { uses_new_from: 42, free_of_old_from: 42 }
        operations:
          - rename_column: { table: review, from: {{from}}, to: {{to}} }
        """);

    private string File(string text)
    {
        var file = Path.GetTempFileName();
        System.IO.File.WriteAllText(file, text);
        _files.Add(file);
        return file;
    }
}
