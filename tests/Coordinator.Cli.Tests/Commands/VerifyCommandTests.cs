using Coordinator.Cli.Invocation;
using Coordinator.Cli.Tests.Hosting;
using Coordinator.V1;

namespace Coordinator.Cli.Tests.Commands;

public class VerifyCommandTests : FakeCoordinatorTest
{
    [Fact]
    public async Task A_verification_shows_how_far_it_is_and_that_nothing_differs()
    {
        Answer(new() { Verifications = { Samples.Verifying() } }, new() { Outcome = new() { BlockCount = 1000 } });

        var result = await Server.RunAsync("verify", Samples.Name);

        Assert.Equal((ExitCode.Done, "no row differs (1,000 blocks read).\n"), (result.ExitCode, result.Output));
        Assert.Contains("verifying public.pgbench_accounts: 25.0 % read", result.Error, StringComparison.Ordinal);
        var request = Assert.Single(Answers.Asked<VerifyMigrationRequest>());
        Assert.Equal(("migrations/rename-balance", false, false), (request.Name, request.Repair, request.OldSideIsRight));
    }

    [Fact]
    public async Task A_repair_says_what_it_did_what_is_left_and_what_was_left_out()
    {
        Answer(new VerifyMigrationResponse
        {
            Outcome = new()
            {
                BlockCount = 10,
                RepairedRowCount = 3,
                DifferenceCount = 1,
                Examples = { """{"aid": 7} of public.pgbench_accounts on shard 'main'""" },
                QuarantinedRowCount = 2,
            },
        });

        var result = await Server.RunAsync("verify", Samples.Name, "--repair", "--old-side-is-right");

        Assert.Equal(ExitCode.Blocked, result.ExitCode);
        Assert.Equal(
            """
            3 rows repaired; 1 rows differ (10 blocks read).
              {"aid": 7} of public.pgbench_accounts on shard 'main'
            2 rows in quarantine were left out.

            """,
            result.Output);
        var request = Assert.Single(Answers.Asked<VerifyMigrationRequest>());
        Assert.True(request.Repair && request.OldSideIsRight);
    }

    [Fact]
    public async Task A_verification_that_did_not_come_to_its_end_may_be_tried_again()
    {
        Answer(new VerifyMigrationResponse { Verifications = { Samples.Verifying() } });

        Assert.Equal(ExitCode.Temporary, (await Server.RunAsync("verify", Samples.Name)).ExitCode);
    }

    [Fact]
    public async Task Which_side_is_right_is_said_for_a_repair_only()
    {
        var result = await Server.RunAsync("verify", Samples.Name, "--old-side-is-right");

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Empty(Answers.Requests);
    }

    private void Answer(params VerifyMigrationResponse[] responses) =>
        Answers.OnStream<VerifyMigrationRequest, VerifyMigrationResponse>(async (_, send, _) =>
        {
            foreach (var response in responses)
            {
                await send(response);
            }
        });
}
