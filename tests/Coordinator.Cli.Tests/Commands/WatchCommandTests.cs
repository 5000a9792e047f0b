using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Tests.Hosting;
using Coordinator.Testing;
using Coordinator.V1;
using Grpc.Core;
using MigrationState = Coordinator.V1.Migration.Types.State;

namespace Coordinator.Cli.Tests.Commands;

public partial class WatchCommandTests : FakeCoordinatorTest
{
    [Fact]
    public async Task A_watch_writes_a_line_per_change_and_ends_with_the_migration()
    {
        Watched(Samples.Filling(25), Samples.Filling(25), Samples.Filling(60), Samples.Waiting(), Samples.Waiting(), Samples.Completed());

        var result = await Server.RunAsync("watch", Samples.Name);

        Assert.Equal(ExitCode.Done, result.ExitCode);
        Assert.Equal(
            """
            T running | migrate/fill started | fill 25.0 %, 25,000 rows | filling abalance
            T running | contract/drop-column pending
            T   waits for INSTANCE_ALIVE shop-api/7f: runs version 41, last seen 12 s ago (to clear it: deploy version 42 or newer there, or stop it)
            T completed | Completed: the old structure is gone.
            T   cleared INSTANCE_ALIVE shop-api/7f

            """,
            Time().Replace(result.Output, "T"));
        Assert.Equal("rename-balance is completed\n", result.Error);
    }

    [Fact]
    public async Task Json_lines_have_one_object_per_change()
    {
        Watched(Samples.Filling(), Samples.Completed());

        var result = await Server.RunAsync("watch", Samples.Name, "-o", "jsonl");

        Assert.Equal(
            ["STATE_RUNNING", "STATE_COMPLETED"],
            result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(static line => (string?)JsonNode.Parse(line)!["migration"]!["state"]));
    }

    [Fact]
    public async Task One_json_document_is_the_last_state()
    {
        Watched(Samples.Filling(), Samples.Completed());

        var result = await Server.RunAsync("watch", Samples.Name, "-o", "json");

        Assert.Equal("STATE_COMPLETED", (string?)JsonNode.Parse(result.Output)!["migration"]!["state"]);
    }

    [Fact]
    public async Task A_failed_step_ends_the_watch_as_blocked()
    {
        Watched(Samples.Filling(), Samples.Failed());

        var result = await Server.RunAsync("watch", Samples.Name);

        Assert.Equal(ExitCode.Blocked, result.ExitCode);
        Assert.Contains("needs a person: step fill failed: column abalance is gone", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MigrationState.Paused)]
    [InlineData(MigrationState.Planned)]
    public async Task Where_only_a_person_can_move_it_on_the_watch_ends_as_blocked(MigrationState state)
    {
        Watched(Samples.Of(state));

        Assert.Equal(ExitCode.Blocked, (await Server.RunAsync("watch", Samples.Name)).ExitCode);
    }

    [Fact]
    public async Task An_approval_that_is_missing_ends_the_watch_as_blocked()
    {
        Watched(Samples.With(Samples.Waiting(), static migration => migration.Blockers[0].Code = "APPROVAL_MISSING"));

        var result = await Server.RunAsync("watch", Samples.Name);

        Assert.Equal(ExitCode.Blocked, result.ExitCode);
        Assert.Contains("coordinator approve rename-balance", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watch_that_keeps_watching_goes_on_through_a_pause()
    {
        Watched(Samples.Of(MigrationState.Paused), Samples.Failed(), Samples.Completed());

        Assert.Equal(ExitCode.Done, (await Server.RunAsync("watch", Samples.Name, "--keep-watching")).ExitCode);
    }

    [Fact]
    public async Task A_rollback_that_was_watched_from_its_start_ends_well_when_it_is_rolled_back()
    {
        Watched(Samples.Of(MigrationState.RollingBack), Samples.Of(MigrationState.RolledBack));

        Assert.Equal(ExitCode.Done, (await Server.RunAsync("watch", Samples.Name)).ExitCode);
    }

    [Theory]
    [InlineData(MigrationState.RolledBack)]
    [InlineData(MigrationState.Cancelled)]
    public async Task A_migration_that_ends_otherwise_than_it_should_is_no_success(MigrationState end)
    {
        Watched(Samples.Filling(), Samples.Of(end));

        Assert.Equal(ExitCode.Blocked, (await Server.RunAsync("watch", Samples.Name)).ExitCode);
    }

    [Fact]
    public async Task A_restart_of_the_service_does_not_end_the_watch()
    {
        var connections = 0;
        Answers.OnStream<WatchMigrationRequest, WatchMigrationResponse>(async (_, send, _) =>
        {
            if (Interlocked.Increment(ref connections) == 1)
            {
                await send(Samples.Change(Samples.Filling()));
                throw ServiceErrors.Of(StatusCode.Unavailable, "SERVER_STOPPING", "This replica is stopping.");
            }

            await send(Samples.Change(Samples.Completed()));
        });

        var result = await Server.RunAsync("watch", Samples.Name);

        Assert.Equal(ExitCode.Done, result.ExitCode);
        Assert.Equal("connection lost; trying again\nconnected again\nrename-balance is completed\n", result.Error);
    }

    [Fact]
    public async Task A_migration_that_is_not_there_is_not_found()
    {
        Answers.OnStream<WatchMigrationRequest, WatchMigrationResponse>(
            static (_, _, _) => throw ServiceErrors.NotFound(Samples.Name));

        Assert.Equal(ExitCode.NotFound, (await Server.RunAsync("watch", Samples.Name)).ExitCode);
    }

    [Fact]
    public async Task The_time_limit_has_an_exit_code_of_its_own()
    {
        Watched(Samples.Filling());

        var time = new ManualTimeProvider();
        var line = new CommandLine { Time = time };
        var running = Server.RunAsync(line, "watch", Samples.Name, "--timeout", "10m");
        await Eventually.TrueAsync(() => Task.FromResult(!Answers.Requests.IsEmpty), "the watch has begun");
        time.Advance(TimeSpan.FromMinutes(10));
        var result = await running;

        Assert.Equal(ExitCode.TimedOut, result.ExitCode);
        Assert.Contains("the migration goes on", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_a_terminal_it_redraws_in_place()
    {
        Watched(Samples.Filling(), Samples.Completed());

        var result = await Server.RunAsync(new CommandLine { IsTerminal = true }, "watch", Samples.Name);

        Assert.Equal(ExitCode.Done, result.ExitCode);
        Assert.Contains("\u001b[", result.Output, StringComparison.Ordinal);
        Assert.Contains("25.0 %", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_start_that_waits_shows_progress_on_stderr_and_the_end_on_stdout()
    {
        Answers.On<StartMigrationRequest, StartMigrationResponse>(static _ => new() { Migration = Samples.Filling(0) });
        Watched(Samples.Filling(), Samples.Completed());

        var result = await Server.RunAsync("start", Samples.Name, "--wait", "-o", "json");

        Assert.Equal(ExitCode.Done, result.ExitCode);
        Assert.Equal("STATE_COMPLETED", (string?)JsonNode.Parse(result.Output)!["migration"]!["state"]);
        Assert.Contains("fill 25.0 %", result.Error, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^\d\d:\d\d:\d\dZ", RegexOptions.Multiline)]
    private static partial Regex Time();

    private void Watched(params Migration[] changes) =>
        Answers.OnStream<WatchMigrationRequest, WatchMigrationResponse>([.. changes.Select(Samples.Change)]);
}
