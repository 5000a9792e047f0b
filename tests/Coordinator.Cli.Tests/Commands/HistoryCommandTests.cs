using Coordinator.Cli.Tests.Hosting;
using Coordinator.V1;

namespace Coordinator.Cli.Tests.Commands;

public class HistoryCommandTests : FakeCoordinatorTest
{
    [Fact]
    public async Task History_says_who_did_what_when()
    {
        Answers.On<ListMigrationEventsRequest, ListMigrationEventsResponse>(static request => request.PageToken.Length == 0
            ? new()
            {
                Events = { Event(1, "planned", """{"Name":"rename-balance","Plan":{"Steps":[1,2]}}"""), Event(2, "started", "{}") },
                NextPageToken = "more",
            }
            : new()
            {
                Events =
                {
                    Event(3, "paused", """{"Reason":"lag\non db2"}"""),
                    Event(12, "backfill_rows_waived", """{"By":"ada","Reason":"archived","Keys":["{\"id\": 5}"],"Count":1}""", "migrate-1-backfill"),
                    Event(4, "odd", "not json"),
                },
            });

        var result = await Server.RunAsync("history", Samples.Name);

        Assert.Equal(
            """
            NO  TIME                  EVENT                 BY   DETAIL
            1   2026-03-01 09:30:00Z  planned               ada  Name: rename-balance
            2   2026-03-01 09:30:00Z  started               ada
            3   2026-03-01 09:30:00Z  paused                ada  Reason: lag on db2
                2026-03-01 09:30:00Z  backfill_rows_waived  ada  migrate-1-backfill: By: ada, Reason: archived, Keys: 1, Count: 1
            4   2026-03-01 09:30:00Z  odd                   ada

            """,
            result.Output);
    }

    private static MigrationEvent Event(long version, string type, string data, string backfill = "") => new()
    {
        Version = version,
        Type = type,
        Actor = "ada",
        CreateTime = Samples.At(9),
        DataJson = data,
        Backfill = backfill,
    };
}
