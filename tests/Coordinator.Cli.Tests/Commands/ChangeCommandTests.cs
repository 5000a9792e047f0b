using Coordinator.Cli.Invocation;
using Coordinator.Cli.Tests.Hosting;
using Coordinator.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Coordinator.Cli.Tests.Commands;

/// <summary>The commands that change a migration: what they send, and how they answer.</summary>
public class ChangeCommandTests : FakeCoordinatorTest
{
    public static TheoryData<string[]> Verbs =>
    [
        new[] { "start" },
        new[] { "pause", "--reason", "lag" },
        new[] { "resume" },
        new[] { "approve" },
        new[] { "retry" },
        new[] { "retire", "--reason", "stragglers" },
        new[] { "un-retire", "--reason", "a report" },
        new[] { "cancel" },
        new[] { "rollback", "--yes" },
    ];

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task A_change_names_the_migration_and_carries_an_id_of_its_own(string[] words)
    {
        AnswerChanges();

        var first = await Server.RunAsync([.. words, Samples.Name]);
        var second = await Server.RunAsync([.. words, $"migrations/{Samples.Name}"]);

        Assert.Equal((ExitCode.Done, ExitCode.Done), (first.ExitCode, second.ExitCode));
        Assert.StartsWith("rename-balance  ", first.Output, StringComparison.Ordinal);
        Assert.Equal(2, Answers.Requests.Count);
        Assert.All(Answers.Requests, static request => Assert.Equal("migrations/rename-balance", Field(request, "name")));
        Assert.Equal(2, Answers.Requests.Select(static request => Guid.Parse(Field(request, "request_id"))).Distinct().Count());
    }

    [Fact]
    public async Task A_repeat_inside_one_command_has_the_same_id()
    {
        var calls = 0;
        Answers.On<ResumeMigrationRequest, ResumeMigrationResponse>(_ => ++calls == 1
            ? throw new RpcException(new Status(StatusCode.Unavailable, "restarting"))
            : new() { Migration = Samples.Filling() });

        var result = await Server.RunAsync("resume", Samples.Name);

        Assert.Equal(ExitCode.Done, result.ExitCode);
        Assert.Equal(2, Answers.Asked<ResumeMigrationRequest>().Count());
        Assert.Single(Answers.Asked<ResumeMigrationRequest>().Select(static request => request.RequestId).Distinct());
    }

    [Fact]
    public async Task A_pause_needs_a_reason_and_sends_it()
    {
        AnswerChanges();

        var without = await Server.RunAsync("pause", Samples.Name);
        var with = await Server.RunAsync("pause", Samples.Name, "--reason", "replication lag");

        Assert.Equal((ExitCode.Usage, ExitCode.Done), (without.ExitCode, with.ExitCode));
        Assert.Equal("replication lag", Assert.Single(Answers.Asked<PauseMigrationRequest>()).Reason);
    }

    [Theory]
    [InlineData("retire")]
    [InlineData("un-retire")]
    public async Task A_retirement_and_its_end_need_a_reason_and_send_it(string verb)
    {
        AnswerChanges();

        var without = await Server.RunAsync(verb, Samples.Name);
        var with = await Server.RunAsync(verb, Samples.Name, "--reason", "the nightly report");

        Assert.Equal((ExitCode.Usage, ExitCode.Done), (without.ExitCode, with.ExitCode));
        Assert.Equal("the nightly report", Field(Assert.Single(Answers.Requests), "reason"));
    }

    [Fact]
    public async Task A_rollback_without_a_terminal_needs_a_yes()
    {
        AnswerChanges();

        var result = await Server.RunAsync("rollback", Samples.Name);

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Contains("--yes", result.Error, StringComparison.Ordinal);
        Assert.Empty(Answers.Requests);
    }

    [Theory]
    [InlineData("y\n", ExitCode.Done, 1)]
    [InlineData("n\n", ExitCode.Interrupted, 0)]
    [InlineData("\n", ExitCode.Interrupted, 0)]
    [InlineData("", ExitCode.Interrupted, 0)]
    public async Task A_rollback_at_a_terminal_asks_first(string answer, int exitCode, int requests)
    {
        AnswerChanges();

        var result = await Server.RunAsync(new CommandLine { IsTerminal = true, Input = answer }, "rollback", Samples.Name);

        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains("Roll back rename-balance?", result.Error, StringComparison.Ordinal);
        Assert.Equal(requests, Answers.Requests.Count);
    }

    private static string Field(IMessage message, string name) =>
        (string)message.Descriptor.FindFieldByName(name).Accessor.GetValue(message);

    private void AnswerChanges()
    {
        Answers.On<StartMigrationRequest, StartMigrationResponse>(static _ => new() { Migration = Samples.Filling() });
        Answers.On<PauseMigrationRequest, PauseMigrationResponse>(static _ => new() { Migration = Samples.Filling() });
        Answers.On<ResumeMigrationRequest, ResumeMigrationResponse>(static _ => new() { Migration = Samples.Filling() });
        Answers.On<ApproveMigrationRequest, ApproveMigrationResponse>(static _ => new() { Migration = Samples.Filling() });
        Answers.On<RetryMigrationRequest, RetryMigrationResponse>(static _ => new() { Migration = Samples.Filling() });
        Answers.On<RetireVersionsRequest, RetireVersionsResponse>(static _ => new() { Migration = Samples.Filling() });
        Answers.On<UnretireVersionsRequest, UnretireVersionsResponse>(static _ => new() { Migration = Samples.Filling() });
        Answers.On<CancelMigrationRequest, CancelMigrationResponse>(static _ => new() { Migration = Samples.Filling() });
        Answers.On<RollBackMigrationRequest, RollBackMigrationResponse>(static _ => new() { Migration = Samples.Filling() });
    }
}
