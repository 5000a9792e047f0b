using Coordinator.Cli.Invocation;
using Coordinator.Cli.Tests.Hosting;
using Coordinator.V1;
using Google.Protobuf.WellKnownTypes;

namespace Coordinator.Cli.Tests.Commands;

public class QuarantineCommandTests : FakeCoordinatorTest
{
    private const string Key = """{"aid": 5}""";

    [Fact]
    public async Task A_list_shows_every_page_each_row_with_its_key_and_its_error()
    {
        Answers.On<ListQuarantinedRowsRequest, ListQuarantinedRowsResponse>(request => request.PageToken.Length == 0
            ? new() { Rows = { Row(5) }, NextPageToken = "more", OpenRowCount = 1, WaivedRowCount = 1 }
            : new() { Rows = { Row(6, waivedBy: "ann") }, OpenRowCount = 1, WaivedRowCount = 1 });

        var result = await Server.RunAsync("quarantine", "list", Samples.Name, "--step", "fill");

        Assert.Equal(ExitCode.Done, result.ExitCode);
        Assert.Equal(
            """
            STEP  SHARD  TABLE               KEY         STATE                      LAST TRIED            ERROR
            fill  main   "public"."account"  {"aid": 5}  waits                      2026-01-02 03:04:05Z  22P02 bad number
            fill  main   "public"."account"  {"aid": 6}  waived by ann: never read  2026-01-02 03:04:05Z  22P02 bad number

            """,
            result.Output);
        Assert.Equal(["", "more"], Answers.Asked<ListQuarantinedRowsRequest>().Select(request => request.PageToken));
        Assert.All(
            Answers.Asked<ListQuarantinedRowsRequest>(),
            request => Assert.Equal("migrations/rename-balance/backfills/fill", request.Parent));
    }

    [Fact]
    public async Task An_empty_quarantine_is_said_in_words()
    {
        Answers.On<ListQuarantinedRowsRequest, ListQuarantinedRowsResponse>(_ => new());

        var result = await Server.RunAsync("quarantine", "list", Samples.Name);

        Assert.Equal("No row is in quarantine.\n", result.Output);
    }

    [Theory]
    [InlineData(3, 1, 0, 0, "3 filled, 1 gone, 0 failed again.\n", ExitCode.Done)]
    [InlineData(1, 0, 2, 0, "1 filled, 0 gone, 2 failed again.\n", ExitCode.Blocked)]
    [InlineData(1000, 0, 0, 7, "1,000 filled, 0 gone, 0 failed again. 7 not tried yet: run the command again.\n", ExitCode.Blocked)]
    public async Task A_retry_says_what_became_of_the_rows(
        int repaired, int gone, int failed, int untried, string output, int exitCode)
    {
        Answers.On<RetryQuarantinedRowsRequest, RetryQuarantinedRowsResponse>(_ => new()
        {
            RepairedRowCount = repaired,
            GoneRowCount = gone,
            FailedRowCount = failed,
            UntriedRowCount = untried,
        });

        var result = await Server.RunAsync("quarantine", "retry", Samples.Name, "--all");

        Assert.Equal((exitCode, output), (result.ExitCode, result.Output));
        var request = Assert.Single(Answers.Asked<RetryQuarantinedRowsRequest>());
        Assert.Equal(("migrations/rename-balance", true), (request.Parent, request.All));
        Assert.True(Guid.TryParse(request.RequestId, out _));
    }

    [Fact]
    public async Task A_waiver_sends_its_keys_and_its_reason()
    {
        Answers.On<WaiveQuarantinedRowsRequest, WaiveQuarantinedRowsResponse>(_ => new() { WaivedRowCount = 2 });

        var result = await Server.RunAsync(
            "quarantine", "waive", Samples.Name, "--key", Key, "--key", """{"aid": 6}""", "--reason", "closed");

        Assert.Equal((ExitCode.Done, "2 waived.\n"), (result.ExitCode, result.Output));
        var request = Assert.Single(Answers.Asked<WaiveQuarantinedRowsRequest>());
        Assert.Equal([Key, """{"aid": 6}"""], request.Keys);
        Assert.Equal(("closed", false), (request.Reason, request.All));
        Assert.True(Guid.TryParse(request.RequestId, out _));
    }

    [Theory]
    [InlineData("quarantine", "retry", Samples.Name)]
    [InlineData("quarantine", "retry", Samples.Name, "--all", "--key", Key)]
    [InlineData("quarantine", "waive", Samples.Name, "--all")]
    [InlineData("quarantine", "waive", Samples.Name, "--reason", "closed")]
    public async Task What_is_meant_has_to_be_said(params string[] words)
    {
        var result = await Server.RunAsync(words);

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Empty(Answers.Requests);
    }

    private static QuarantinedRow Row(int aid, string waivedBy = "") => new()
    {
        Backfill = "migrations/rename-balance/backfills/fill",
        Shard = "main",
        Table = "\"public\".\"account\"",
        Key = $$"""{"aid": {{aid}}}""",
        SqlState = "22P02",
        Message = "bad number",
        LastSeenTime = Timestamp.FromDateTime(new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc)),
        WaivedBy = waivedBy,
        WaiveReason = waivedBy.Length == 0 ? "" : "never read",
    };
}
