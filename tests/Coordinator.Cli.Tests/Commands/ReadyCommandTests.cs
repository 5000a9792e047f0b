using System.Text.Json.Nodes;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Tests.Hosting;
using Coordinator.Testing;
using Coordinator.V1;
using Grpc.Core;
using Milestone = Coordinator.V1.ReadinessQuestion.Types.MigrationMilestone.Types.Milestone;
using Verdict = Coordinator.V1.Readiness.Types.Verdict;

namespace Coordinator.Cli.Tests.Commands;

public class ReadyCommandTests : FakeCoordinatorTest
{
    [Theory]
    [InlineData(Verdict.Ready, ExitCode.Done)]
    [InlineData(Verdict.Wait, ExitCode.NotReady)]
    [InlineData(Verdict.Blocked, ExitCode.Blocked)]
    public async Task The_verdict_is_the_exit_code(Verdict verdict, int exitCode)
    {
        Answers.On<CheckRequest, CheckResponse>(_ => new() { Readiness = Samples.Verdict(verdict) });

        Assert.Equal(exitCode, (await Server.RunAsync("ready", "deploy", "shop-api", "42")).ExitCode);
    }

    [Fact]
    public async Task A_verdict_names_its_blockers()
    {
        Answers.On<CheckRequest, CheckResponse>(_ => new() { Readiness = Samples.Verdict(Verdict.Wait, Samples.OldInstance()) });

        var table = await Server.RunAsync("ready", "deploy", "shop-api", "42");
        var json = await Server.RunAsync("ready", "deploy", "shop-api", "42", "-o", "jsonl");

        Assert.Equal(
            """
            WAIT  deploy shop-api version 42 (ask again in 5 s)
              - INSTANCE_ALIVE shop-api/7f: runs version 41, last seen 12 s ago
                  to clear it: deploy version 42 or newer there, or stop it

            """,
            table.Output);
        Assert.Equal(
            """
            {"schemaVersion":1,"readiness":{"verdict":"VERDICT_WAIT","blockers":[{"code":"INSTANCE_ALIVE","subject":"shop-api/7f","message":"runs version 41, last seen 12 s ago","clearedBy":"deploy version 42 or newer there, or stop it"}],"retryDelay":"5s"}}

            """,
            json.Output);
    }

    [Fact]
    public async Task Each_question_asks_what_it_says()
    {
        Answers.On<CheckRequest, CheckResponse>(_ => new() { Readiness = Samples.Verdict(Verdict.Ready) });

        await Server.RunAsync("ready", "deploy", "shop-api", "42");
        await Server.RunAsync("ready", "rollback", "shop-api", "9007199254740993");
        await Server.RunAsync("ready", "migration", Samples.Name, "backfilled");
        await Server.RunAsync("ready", "contract", Samples.Name);

        var asked = Answers.Asked<CheckRequest>().Select(static request => request.Question).ToList();
        Assert.Equal(("shop-api", 42L), (asked[0].Deploy.Application, asked[0].Deploy.SchemaVersion));
        Assert.Equal(("shop-api", 9007199254740993L), (asked[1].RollBack.Application, asked[1].RollBack.SchemaVersion));
        Assert.Equal(
            ("migrations/rename-balance", Milestone.Backfilled), (asked[2].Migration.Migration, asked[2].Migration.Milestone));
        Assert.Equal("migrations/rename-balance", asked[3].Contract.Migration);
    }

    [Fact]
    public async Task What_a_contract_would_take_away_is_told_below_what_it_would_break()
    {
        var answer = Samples.Verdict(Verdict.Wait, Samples.OldInstance());
        answer.ContractLosses = new()
        {
            Losses_ = { new Blocker { Code = "ROLLBACK_LOST", Subject = "shop-api", Message = "no way back below 42", ClearedBy = "wait" } },
        };
        Answers.On<CheckRequest, CheckResponse>(_ => new() { Readiness = answer });

        var table = await Server.RunAsync("ready", "contract", Samples.Name);

        Assert.Equal(ExitCode.NotReady, table.ExitCode);
        Assert.Equal(
            """
            WAIT  contract rename-balance now (ask again in 5 s)
              - INSTANCE_ALIVE shop-api/7f: runs version 41, last seen 12 s ago
                  to clear it: deploy version 42 or newer there, or stop it
              it would take away for good:
              - ROLLBACK_LOST shop-api: no way back below 42
                  to keep it: wait

            """,
            table.Output);
    }

    [Fact]
    public async Task Several_questions_are_asked_as_one_and_each_blocker_names_its_own()
    {
        var blocker = Samples.OldInstance();
        blocker.Question = "deploy=shop-worker:17";
        Answers.On<CheckRequest, CheckResponse>(_ => new() { Readiness = Samples.Verdict(Verdict.Wait, blocker) });
        string[] questions = ["deploy=shop-api:42", "deploy=shop-worker:17", "rollback=shop-api:41", "migration=rename-balance:completed", "contract=rename-balance"];

        var result = await Server.RunAsync(["ready", "all", .. questions]);

        Assert.Equal(ExitCode.NotReady, result.ExitCode);
        Assert.StartsWith(
            """
            WAIT  deploy=shop-api:42, deploy=shop-worker:17, rollback=shop-api:41, migration=rename-balance:completed, contract=rename-balance (ask again in 5 s)
              - INSTANCE_ALIVE shop-api/7f (deploy=shop-worker:17): runs version 41, last seen 12 s ago
            """,
            result.Output,
            StringComparison.Ordinal);
        var request = Assert.Single(Answers.Asked<CheckRequest>());
        Assert.Null(request.Question);
        ReadinessQuestion[] expected =
        [
            new() { Deploy = new() { Application = "shop-api", SchemaVersion = 42 } },
            new() { Deploy = new() { Application = "shop-worker", SchemaVersion = 17 } },
            new() { RollBack = new() { Application = "shop-api", SchemaVersion = 41 } },
            new() { Migration = new() { Migration = "migrations/rename-balance", Milestone = Milestone.Completed } },
            new() { Contract = new() { Migration = "migrations/rename-balance" } },
        ];
        Assert.Equal(expected, request.Questions);
    }

    [Fact]
    public async Task Several_questions_can_be_waited_for()
    {
        Verdicts(Samples.Verdict(Verdict.Wait, Samples.OldInstance()), Samples.Verdict(Verdict.Ready));

        Assert.Equal(ExitCode.Done, (await Server.RunAsync("ready", "all", "deploy=shop-api:42", "contract=rename-balance", "--wait")).ExitCode);

        Assert.Equal(2, Assert.Single(Answers.Asked<WatchRequest>()).Questions.Count);
    }

    [Theory]
    [InlineData("all")]
    [InlineData("all", "deploy=shop-api")]
    [InlineData("all", "deploy=shop-api:0")]
    [InlineData("all", "deploy=shop-api:42", "shop-worker:17")]
    [InlineData("all", "migration=rename-balance:finished")]
    [InlineData("all", "contract=")]
    [InlineData("deploy", "shop-api", "0")]
    [InlineData("deploy", "shop-api", "new")]
    [InlineData("migration", "rename-balance", "finished")]
    public async Task A_question_that_makes_no_sense_is_not_asked(params string[] words)
    {
        var result = await Server.RunAsync(["ready", .. words]);

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.Empty(Answers.Requests);
    }

    [Fact]
    public async Task A_wait_ends_when_it_is_ready()
    {
        Verdicts(Samples.Verdict(Verdict.Wait, Samples.OldInstance()), Samples.Verdict(Verdict.Ready));

        var result = await Server.RunAsync("ready", "deploy", "shop-api", "42", "--wait", "--timeout", "1m", "--output", "json");

        Assert.Equal(ExitCode.Done, result.ExitCode);
        Assert.Equal("VERDICT_READY", (string?)JsonNode.Parse(result.Output)!["readiness"]!["verdict"]);
        Assert.Contains("not yet: INSTANCE_ALIVE shop-api/7f", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wait_ends_at_once_when_only_a_person_can_help()
    {
        Verdicts(Samples.Verdict(Verdict.Wait), Samples.Verdict(Verdict.Blocked, Samples.OldInstance()));

        Assert.Equal(ExitCode.Blocked, (await Server.RunAsync("ready", "deploy", "shop-api", "42", "--wait")).ExitCode);
    }

    [Fact]
    public async Task A_wait_that_reaches_its_limit_says_what_it_waited_for()
    {
        Verdicts(Samples.Verdict(Verdict.Wait, Samples.OldInstance()));

        var result = await WaitOutAsync(heard: line => line.Error.Text.Contains("not yet", StringComparison.Ordinal));

        Assert.Equal(ExitCode.TimedOut, result.ExitCode);
        Assert.StartsWith("WAIT  deploy shop-api version 42", result.Output, StringComparison.Ordinal);
        Assert.Contains("not ready within 10 min", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wait_that_reaches_its_limit_unanswered_says_so()
    {
        Verdicts();

        var result = await WaitOutAsync(heard: _ => !Answers.Requests.IsEmpty);

        Assert.Equal(ExitCode.TimedOut, result.ExitCode);
        Assert.Contains("no answer within 10 min", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ExitCode.Interrupted)]
    [InlineData(ExitCode.Terminated)]
    public async Task A_signal_ends_a_wait_and_changes_nothing(int exitCode)
    {
        Verdicts(Samples.Verdict(Verdict.Wait, Samples.OldInstance()));
        using var signal = new CancellationTokenSource();
        var commandLine = new CommandLine { CancellationToken = signal.Token, CancelledExitCode = () => exitCode };

        var running = Server.RunAsync(commandLine, "ready", "deploy", "shop-api", "42", "--wait");
        await Eventually.TrueAsync(() => Task.FromResult(!Answers.Requests.IsEmpty), "the wait has begun");
        await signal.CancelAsync();

        Assert.Equal(exitCode, (await running).ExitCode);
        Assert.IsType<WatchRequest>(Assert.Single(Answers.Requests));
    }

    [Fact]
    public async Task A_wait_outlives_a_restart_of_the_service()
    {
        var connections = 0;
        Answers.OnStream<WatchRequest, WatchResponse>(async (_, send, _) =>
        {
            if (Interlocked.Increment(ref connections) == 1)
            {
                await send(new WatchResponse { Readiness = Samples.Verdict(Verdict.Wait) });
                throw ServiceErrors.Of(StatusCode.Unavailable, "SERVER_STOPPING", "This replica is stopping.");
            }

            await send(new WatchResponse { Readiness = Samples.Verdict(Verdict.Ready) });
        });

        Assert.Equal(ExitCode.Done, (await Server.RunAsync("ready", "deploy", "shop-api", "42", "--wait")).ExitCode);
    }

    [Fact]
    public async Task A_limit_without_a_wait_is_a_mistake()
    {
        var result = await Server.RunAsync("ready", "deploy", "shop-api", "42", "--timeout", "10m");

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Contains("--wait", result.Error, StringComparison.Ordinal);
    }

    // The limit is reached when the test says so, after the command heard what it should hear before.
    private async Task<CommandResult> WaitOutAsync(Func<CommandLine, bool> heard)
    {
        var time = new ManualTimeProvider();
        var line = new CommandLine { Time = time };
        var running = Server.RunAsync(line, "ready", "deploy", "shop-api", "42", "--wait", "--timeout", "10m");
        await Eventually.TrueAsync(() => Task.FromResult(heard(line)), "the wait has begun");
        time.Advance(TimeSpan.FromMinutes(10));
        return await running;
    }

    private void Verdicts(params V1.Readiness[] verdicts) => Answers.OnStream<WatchRequest, WatchResponse>(
        [.. verdicts.Select(static verdict => new WatchResponse { Readiness = verdict })]);
}
