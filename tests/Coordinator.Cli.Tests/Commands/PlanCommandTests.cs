using Coordinator.Cli.Invocation;
using Coordinator.Cli.Tests.Hosting;
using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Cli.Tests.Commands;

public sealed class PlanCommandTests : FakeCoordinatorTest, IDisposable
{
    private const string Yaml = "migration: rename-balance\n";

    private readonly string _file = Path.GetTempFileName();

    public PlanCommandTests() => File.WriteAllText(_file, Yaml);

    public void Dispose() => File.Delete(_file);

    [Fact]
    public async Task A_plan_shows_its_phases_steps_and_statements()
    {
        Answers.On<PlanMigrationRequest, PlanMigrationResponse>(static _ => new()
        {
            Migration = Samples.With(Samples.Planned(), static migration => migration.Warnings.Add("the table has 12 indexes")),
        });

        var result = await Server.RunAsync("plan", _file);

        Assert.Equal(ExitCode.Done, result.ExitCode);
        Assert.Equal(
            """
            rename-balance  planned  target bank, shop-api new from 42
              Planned and not started: the target is untouched.

            expand  adds; suits old and new versions
              add-column: add column balance
                  alter table pgbench_accounts
                      add column balance int

            migrate  fills and verifies; after it the new version may be deployed
              fill: fill column balance

            contract  drops what only old versions use; runs once none of them is left
              drop-column: drop column abalance
                  alter table pgbench_accounts drop column abalance

            warning: the table has 12 indexes

            """,
            result.Output);
        Assert.Contains("coordinator start rename-balance", result.Error, StringComparison.Ordinal);
        var request = Assert.Single(Answers.Asked<PlanMigrationRequest>());
        Assert.Equal(Yaml, request.Yaml);
        Assert.False(request.ValidateOnly);
        Assert.True(Guid.TryParse(request.RequestId, out _));
    }

    [Fact]
    public async Task A_plan_says_what_strict_mode_lacks()
    {
        Answers.On<PlanMigrationRequest, PlanMigrationResponse>(static _ => new()
        {
            Migration = Samples.Planned(),
            StrictFindings =
            {
                new TargetFinding
                {
                    Severity = TargetFinding.Types.Severity.Error,
                    Shard = "main",
                    Code = "STRICT_ROLE_MISSING",
                    Message = "There is no role 'bank_v1'",
                    Remedy = "create it",
                },
            },
        });

        var result = await Server.RunAsync("plan", _file);

        Assert.EndsWith("\nstrict mode: main: There is no role 'bank_v1'\n  what to do: create it\n", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--validate-only")]
    [InlineData("--dry-run")]
    public async Task Only_compiling_records_nothing(string flag)
    {
        Answers.On<PlanMigrationRequest, PlanMigrationResponse>(static _ => new() { Migration = Samples.Planned() });

        var result = await Server.RunAsync("plan", _file, flag);

        Assert.True(Assert.Single(Answers.Asked<PlanMigrationRequest>()).ValidateOnly);
        Assert.Contains("Nothing was recorded", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_specification_may_come_from_standard_input()
    {
        Answers.On<PlanMigrationRequest, PlanMigrationResponse>(static _ => new() { Migration = Samples.Planned() });

        await Server.RunAsync(new CommandLine { Input = "migration: piped" }, "plan", "-");

        Assert.Equal("migration: piped", Assert.Single(Answers.Asked<PlanMigrationRequest>()).Yaml);
    }

    [Fact]
    public async Task All_errors_of_a_specification_are_shown_at_their_places()
    {
        Answers.On<PlanMigrationRequest, PlanMigrationResponse>(static _ => throw ServiceErrors.Of(
            StatusCode.InvalidArgument,
            "SPECIFICATION_INVALID",
            "The specification has 2 errors.",
            fields:
            [
                ServiceErrors.Field("2:9 target", "NAME_INVALID", "The target's name is empty."),
                ServiceErrors.Field("operations[0].rename_column.from", "COLUMN_UNKNOWN", "There is no column 'abalanse'."),
            ]));

        var result = await Server.RunAsync("plan", _file);

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.Equal(
            $"""
            {_file}:2:9: error NAME_INVALID: target: The target's name is empty.
            {_file}: error COLUMN_UNKNOWN: operations[0].rename_column.from: There is no column 'abalanse'.

            """,
            result.Error);
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_a_usage_error_and_nothing_is_sent()
    {
        var result = await Server.RunAsync("plan", _file + ".missing");

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Contains("can't be read", result.Error, StringComparison.Ordinal);
        Assert.Empty(Answers.Requests);
    }
}
