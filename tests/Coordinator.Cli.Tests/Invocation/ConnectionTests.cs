using Coordinator.Cli.Invocation;
using Coordinator.Cli.Tests.Hosting;
using Coordinator.V1;

namespace Coordinator.Cli.Tests.Invocation;

/// <summary>Where the address and the token come from.</summary>
public sealed class ConnectionTests : FakeCoordinatorTest, IDisposable
{
    private readonly string _tokenFile = Path.GetTempFileName();

    public ConnectionTests() => File.WriteAllText(_tokenFile, "from-file\n");

    public void Dispose() => File.Delete(_tokenFile);

    [Fact]
    public async Task The_address_may_come_from_the_environment()
    {
        AnswerLists();
        var commandLine = new CommandLine { Variables = { ["COORDINATOR_ADDRESS"] = $"http://127.0.0.1:1, {Server.Address}" } };

        var result = await commandLine.RunAsync("status");

        Assert.Equal(ExitCode.Done, result.ExitCode);
    }

    [Fact]
    public async Task The_address_of_a_flag_wins_and_may_stand_before_the_command()
    {
        AnswerLists();
        var commandLine = new CommandLine { Variables = { ["COORDINATOR_ADDRESS"] = "http://127.0.0.1:1" } };

        var result = await commandLine.RunAsync("--address", Server.Address, "status");

        Assert.Equal(ExitCode.Done, result.ExitCode);
    }

    [Fact]
    public async Task An_address_that_is_none_is_a_usage_error()
    {
        var result = await new CommandLine().RunAsync("status", "--address", "localhost");

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Contains("'localhost'", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_token_of_a_flag_wins_over_the_environments()
    {
        AnswerLists();
        var both = new Dictionary<string, string> { ["COORDINATOR_TOKEN"] = "from-environment", ["COORDINATOR_TOKEN_FILE"] = _tokenFile };
        var file = new Dictionary<string, string> { ["COORDINATOR_TOKEN_FILE"] = _tokenFile };

        await Server.RunAsync(new CommandLine { Variables = both }, "status", "--token-file", _tokenFile);
        await Server.RunAsync(new CommandLine { Variables = both }, "status");
        await Server.RunAsync(new CommandLine { Variables = file }, "status");
        await Server.RunAsync(new CommandLine(), "status");

        Assert.Equal(["Bearer from-file", "Bearer from-environment", "Bearer from-file", null], Answers.Authorizations);
    }

    [Fact]
    public async Task A_token_file_that_is_not_there_is_a_usage_error()
    {
        var result = await Server.RunAsync("status", "--token-file", _tokenFile + ".missing");

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Empty(Answers.Requests);
    }

    private void AnswerLists() => Answers.On<ListMigrationsRequest, ListMigrationsResponse>(static _ => new());
}
