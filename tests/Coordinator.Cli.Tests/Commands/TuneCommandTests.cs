using Coordinator.Cli.Invocation;
using Coordinator.Cli.Tests.Hosting;
using Coordinator.V1;

namespace Coordinator.Cli.Tests.Commands;

public class TuneCommandTests : FakeCoordinatorTest
{
    [Fact]
    public async Task What_is_given_is_sent_and_nothing_else()
    {
        Answer("fill");

        var result = await Server.RunAsync("tune", Samples.Name, "--max-wait", "50ms", "--max-parallel", "4", "--quiet-hours", "08:00-20:00");

        Assert.Equal(ExitCode.Done, result.ExitCode);
        var request = Assert.Single(Answers.Asked<TuneBackfillRequest>());
        Assert.Equal("migrations/rename-balance/backfills/fill", request.Name);
        Assert.Equal(
            new BackfillTuning
            {
                MaxWait = new() { Nanos = 50_000_000 },
                MaxParallel = 4,
                QuietHours = "08:00-20:00",
            },
            request.Tuning);
        Assert.False(request.Reset);
        Assert.NotEqual(Guid.Empty, Guid.Parse(request.RequestId));
    }

    [Fact]
    public async Task The_answer_shows_what_holds_it_back_and_how_long_it_takes()
    {
        Answer("fill");

        var result = await Server.RunAsync("tune", Samples.Name, "--batch-rows", "500");

        Assert.Contains("12,345", result.Output, StringComparison.Ordinal);
        Assert.Contains("throttled", result.Output, StringComparison.Ordinal);
        Assert.Contains("pace of fill: slowed to 1 batch at once: a standby replays late (batches of 40 blocks", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Batches_by_key_are_told_in_rows()
    {
        Answers.On<ListBackfillsRequest, ListBackfillsResponse>(_ => new() { Backfills = { Backfill("fill") } });
        var byKey = Backfill("fill");
        byKey.BlockKeyCount = 500;
        Answers.On<TuneBackfillRequest, TuneBackfillResponse>(_ => new() { Backfill = byKey });

        var result = await Server.RunAsync("tune", Samples.Name, "--batch-rows", "500");

        Assert.Contains("(batches of about 20000 rows by key", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_to_change_is_a_mistake_and_a_reset_is_something()
    {
        Answer("fill");

        Assert.Equal(ExitCode.Usage, (await Server.RunAsync("tune", Samples.Name)).ExitCode);
        Assert.Equal(ExitCode.Done, (await Server.RunAsync("tune", Samples.Name, "--reset")).ExitCode);
        Assert.True(Assert.Single(Answers.Asked<TuneBackfillRequest>()).Reset);
    }

    [Fact]
    public async Task With_several_backfills_one_has_to_be_named()
    {
        Answer("fill", "other");

        var without = await Server.RunAsync("tune", Samples.Name, "--reset");
        var with = await Server.RunAsync("tune", Samples.Name, "--reset", "--step", "other");

        Assert.Equal(ExitCode.Usage, without.ExitCode);
        Assert.Contains("fill, other", without.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Done, with.ExitCode);
        Assert.Equal("migrations/rename-balance/backfills/other", Assert.Single(Answers.Asked<TuneBackfillRequest>()).Name);
    }

    [Fact]
    public async Task A_migration_without_an_open_backfill_has_nothing_to_tune()
    {
        Answer();

        var result = await Server.RunAsync("tune", Samples.Name, "--reset");

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Contains("nothing to tune", result.Error, StringComparison.Ordinal);
    }

    private void Answer(params string[] steps)
    {
        Answers.On<ListBackfillsRequest, ListBackfillsResponse>(_ => new() { Backfills = { steps.Select(Backfill) } });
        Answers.On<TuneBackfillRequest, TuneBackfillResponse>(_ => new() { Backfill = Backfill("fill") });
    }

    private static Backfill Backfill(string step) => new()
    {
        Name = $"migrations/rename-balance/backfills/{step}",
        Table = "accounts",
        BlockCount = 100,
        DoneBlockCount = 40,
        RowsPerSecond = 12_345,
        Estimate = Coordinator.V1.Backfill.Types.Estimate.Throttled,
        Paces =
        {
            new BackfillPace
            {
                Shard = "main",
                BatchBlockCount = 40,
                Signal = "replica_lag",
                Message = "slowed to 1 batch at once: a standby replays late",
            },
        },
    };
}
