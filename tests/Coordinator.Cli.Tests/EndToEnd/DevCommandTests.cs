using System.Text.Json.Nodes;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Tests.Hosting;
using Coordinator.Testing;

namespace Coordinator.Cli.Tests.EndToEnd;

/// <summary>What <c>coordinator dev</c> tells a newcomer to try, tried: nothing here is fake.</summary>
public class DevCommandTests
{
    private const string Name = "rename-review-comment";

    [Fact]
    public async Task What_dev_suggests_works_to_the_end()
    {
        using var ending = new CancellationTokenSource();
        var dev = new CommandLine { CancellationToken = ending.Token };
        var running = dev.RunAsync("dev", "--listen", "http://127.0.0.1:0", "--rows", "3000", "--output", "jsonl");
        await Eventually.TrueAsync(
            () => Task.FromResult(running.IsCompleted || dev.Output.Text.EndsWith('\n')), "dev runs", TimeSpan.FromMinutes(2));
        Assert.False(running.IsCompleted, running.IsCompleted ? (await running).Error : "");
        var welcome = JsonNode.Parse(dev.Output.Text)!;
        Task<CommandResult> Run(params string[] words) =>
            new CommandLine().RunAsync([.. words, "--address", (string)welcome["address"]!]);

        await SucceedsAsync(Run("target", "check", "app", "--table", "review"));
        var plan = await SucceedsAsync(Run("plan", (string)welcome["specification"]!));
        Assert.Contains("message", plan.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Blocked, (await Run("ready", "migration", Name, "expanded")).ExitCode);
        await SucceedsAsync(Run("start", Name));
        await SucceedsAsync(Run("ready", "migration", Name, "backfilled", "--wait", "--timeout", "2m"));
        await SucceedsAsync(Run("ready", "deploy", "shop-api", "2"));
        await Eventually.TrueAsync(
            async () => (await Run("status", Name)).Output.Contains("POPULATION_UNKNOWN shop-api", StringComparison.Ordinal),
            "it waits for an expected population");
        Assert.Equal(ExitCode.NotReady, (await Run("ready", "migration", Name, "completed")).ExitCode);
        await SucceedsAsync(Run("application", "expect", "shop-api", "--none"));
        await SucceedsAsync(Run("watch", Name, "--timeout", "2m"));
        Assert.Equal(ExitCode.Blocked, (await Run("ready", "deploy", "shop-api", "1")).ExitCode);
        Assert.Contains("completed", (await SucceedsAsync(Run("history", Name))).Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Conflict, (await Run("rollback", Name, "--yes")).ExitCode);

        await ending.CancelAsync();
        Assert.Equal(ExitCode.Done, (await running).ExitCode);
        Assert.False(File.Exists((string)welcome["specification"]!), "The private directory is removed.");
    }

    private static async Task<CommandResult> SucceedsAsync(Task<CommandResult> running)
    {
        var result = await running;
        Assert.True(result.ExitCode == ExitCode.Done, $"exit code {result.ExitCode}\n{result.Output}\n{result.Error}");
        return result;
    }
}
