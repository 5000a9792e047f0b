using System.Text.Json.Nodes;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Tests.Hosting;
using Coordinator.V1;
using MigrationState = Coordinator.V1.Migration.Types.State;

namespace Coordinator.Cli.Tests.Commands;

public class StatusCommandTests : FakeCoordinatorTest
{
    [Fact]
    public async Task A_waiting_migration_says_why_it_waits_and_what_would_clear_it()
    {
        Answers.On<GetMigrationRequest, GetMigrationResponse>(_ => new() { Migration = Samples.Waiting() });

        var result = await Server.RunAsync("status", Samples.Name);

        Assert.Equal(ExitCode.Done, result.ExitCode);
        Assert.Equal("", result.Error);
        Assert.Equal(
            """
            rename-balance  running  target bank, gate draining, shop-api new from 42
              waits for shop-api/7f

            Why it waits (1):
              - INSTANCE_ALIVE shop-api/7f: runs version 41, last seen 12 s ago
                  to clear it: deploy version 42 or newer there, or stop it

            PHASE     STEP         STATE                  WHAT IT DOES
            expand    add-column   completed              add column balance
            migrate   fill         completed (attempt 2)  fill column balance
            contract  drop-column  pending                drop column abalance

            BACKFILL  TABLE                    DONE  ROWS     ROWS/S  LEFT  BATCHES  RUNNING  TAKEN OVER
            fill      public.pgbench_accounts  done  100,000                100      0        1

            """,
            result.Output);
        Assert.Equal("migrations/rename-balance", Assert.Single(Answers.Asked<GetMigrationRequest>()).Name);
    }

    [Fact]
    public async Task Verifications_say_how_far_they_are_what_holds_them_back_and_what_the_last_one_found()
    {
        Answers.On<GetMigrationRequest, GetMigrationResponse>(_ => new()
        {
            Migration = Samples.With(Samples.Waiting(), static migration => migration.Verifications.Add(Samples.Verifying())),
        });

        var result = await Server.RunAsync("status", Samples.Name);

        Assert.EndsWith(
            """
            VERIFICATION  TABLE                    STATE    READ    DIFFER  LAST ENDED            DIFFERED
            verify        public.pgbench_accounts  running  25.0 %  0       2026-03-01 08:30:00Z  2
              verify waits: a standby replays late (replica_lag 25 s, threshold 20 s)
              rows that differed in verify: {"aid": 7}, {"aid": 8}

            """,
            result.Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_step_says_that_a_person_is_needed_and_what_he_can_do()
    {
        Answers.On<GetMigrationRequest, GetMigrationResponse>(_ => new() { Migration = Samples.Failed() });

        var result = await Server.RunAsync("status", Samples.Name);

        Assert.Equal(ExitCode.Done, result.ExitCode);
        Assert.Contains("running (step failed)", result.Output, StringComparison.Ordinal);
        Assert.Contains(
            "It needs a person: step fill failed: column abalance is gone. 'coordinator retry rename-balance' tries it again,",
            result.Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_has_the_protocols_names_and_every_field()
    {
        Answers.On<GetMigrationRequest, GetMigrationResponse>(_ => new() { Migration = Samples.Filling() });

        var result = await Server.RunAsync("status", Samples.Name, "--output", "json");

        var json = JsonNode.Parse(result.Output)!.AsObject();
        Assert.Equal(["schemaVersion", "migration"], json.Select(static field => field.Key));
        Assert.Equal(1, (int)json["schemaVersion"]!);
        var migration = json["migration"]!.AsObject();
        Assert.Equal(
            [
                "name", "target", "state", "steps", "gateStage", "blockers", "statusMessage", "backfills", "versions", "revision",
                "createTime", "updateTime", "warnings", "verifications",
            ],
            migration.Select(static field => field.Key));
        Assert.Equal("STATE_RUNNING", (string?)migration["state"]);
        Assert.Equal(
            """
            {"name":"migrations/rename-balance/backfills/fill","table":"public.pgbench_accounts","doneBlockCount":"25","blockCount":"100","rowCount":"25000","batchCount":"25","takeoverCount":"1","leasedBatchCount":7,"finished":false,"lastFailureMessage":"","blockKeyCount":"0","runningBatchCount":4,"estimate":"ESTIMATE_UNSPECIFIED","paces":[]}
            """,
            migration["backfills"]![0]!.ToJsonString());
    }

    [Fact]
    public async Task All_pages_make_one_list()
    {
        Answers.On<ListMigrationsRequest, ListMigrationsResponse>(static request => request.PageToken switch
        {
            "" => new() { Migrations = { Samples.Waiting() }, NextPageToken = "more" },
            _ => new() { Migrations = { Samples.Of(MigrationState.Cancelled) } },
        });

        var table = await Server.RunAsync("status");
        var lines = await Server.RunAsync("status", "-o", "jsonl");
        var document = await Server.RunAsync("status", "-o", "json");

        Assert.Equal(
            """
            NAME            TARGET  STATE      BLOCKERS  UPDATED               WHAT IT DOES OR WAITS FOR
            rename-balance  bank    running    1         2026-03-01 09:30:00Z  waits for shop-api/7f
            rename-balance  bank    cancelled  0         2026-03-01 09:30:00Z

            """,
            table.Output);
        Assert.Equal(
            ["STATE_RUNNING", "STATE_CANCELLED"],
            lines.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(static line => (string?)JsonNode.Parse(line)!["migration"]!["state"]));
        Assert.Equal(2, JsonNode.Parse(document.Output)!["migrations"]!.AsArray().Count);
    }

    [Fact]
    public async Task An_empty_list_is_no_data_and_a_hint()
    {
        Answers.On<ListMigrationsRequest, ListMigrationsResponse>(static _ => new());

        var table = await Server.RunAsync("status");
        var document = await Server.RunAsync("status", "-o", "json");

        Assert.Equal("", table.Output);
        Assert.Contains("coordinator plan FILE", table.Error, StringComparison.Ordinal);
        Assert.Empty(JsonNode.Parse(document.Output)!["migrations"]!.AsArray());
    }

    [Fact]
    public async Task Control_characters_from_elsewhere_do_not_reach_the_terminal()
    {
        var hostile = Samples.With(Samples.Waiting(), static migration =>
        {
            migration.StatusMessage = "waits\u001b[2J for\r\nyou";
            migration.Blockers[0].Subject = "shop\u0007-api";
        });
        Answers.On<GetMigrationRequest, GetMigrationResponse>(_ => new() { Migration = hostile });

        var result = await Server.RunAsync("status", Samples.Name);

        Assert.DoesNotContain(result.Output, static character => char.IsControl(character) && character != '\n');
        Assert.Contains("for you", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "", true)]
    [InlineData(true, "1", false)]
    [InlineData(false, "", false)]
    public async Task Colour_is_for_terminals_that_want_it(bool terminal, string noColour, bool coloured)
    {
        Answers.On<GetMigrationRequest, GetMigrationResponse>(_ => new() { Migration = Samples.Waiting() });
        var commandLine = new CommandLine { IsTerminal = terminal, Variables = { ["NO_COLOR"] = noColour } };

        var result = await Server.RunAsync(commandLine, "status", Samples.Name);

        Assert.Equal(coloured, result.Output.Contains("\u001b[", StringComparison.Ordinal));
    }
}
