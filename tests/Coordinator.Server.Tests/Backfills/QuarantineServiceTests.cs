using Coordinator.Server.Tests.Hosting;
using Coordinator.Testing;
using Grpc.Core;

namespace Coordinator.Server.Tests.Backfills;

/// <summary>Rows in quarantine over the wire. There is no worker: the rows are put there as one would.</summary>
public sealed class QuarantineServiceTests(ShopFixture shop) : IClassFixture<ShopFixture>
{
    private const string Key = """{"id": 5}""";

    private readonly V1.BackfillService.BackfillServiceClient _client = shop.Server.Backfills;

    [Fact]
    public async Task A_row_is_listed_tried_again_and_waived_and_a_repeat_answers_as_the_first_time()
    {
        var name = await BackfillingAsync("settled");
        await shop.ExecuteAsOwnerAsync("alter table settled add constraint no_five check (id <> 5) not valid");
        var retryId = Guid.NewGuid().ToString();
        var waiveId = Guid.NewGuid().ToString();

        var row = Assert.Single((await _client.ListQuarantinedRowsAsync(new() { Parent = $"migrations/{name}" })).Rows);
        Assert.Equal((Key, "22P02", "main", ""), (row.Key, row.SqlState, row.Shard, row.WaivedBy));
        Assert.Equal($"migrations/{name}/backfills/migrate-1-backfill", row.Backfill);
        Assert.NotNull(row.FirstSeenTime);
        Assert.Null(row.WaiveTime);

        var failed = await _client.RetryQuarantinedRowsAsync(new() { Parent = name, Keys = { Key }, RequestId = retryId });
        Assert.Equal((0, 1), (failed.RepairedRowCount, failed.FailedRowCount));
        row = Assert.Single((await _client.ListQuarantinedRowsAsync(new() { Parent = row.Backfill })).Rows);
        Assert.Equal("23514", row.SqlState);
        Assert.True(row.LastSeenTime > row.FirstSeenTime);

        var waived = await _client.WaiveQuarantinedRowsAsync(new() { Parent = name, All = true, Reason = "closed", RequestId = waiveId });
        Assert.Equal(1, waived.WaivedRowCount);
        Assert.Equal(waived, await _client.WaiveQuarantinedRowsAsync(new() { Parent = name, All = true, Reason = "closed", RequestId = waiveId }));
        Assert.Equal(failed, await _client.RetryQuarantinedRowsAsync(new() { Parent = name, Keys = { Key }, RequestId = retryId }));
        var list = await _client.ListQuarantinedRowsAsync(new() { Parent = name });
        Assert.Equal((0, 1), (list.OpenRowCount, list.WaivedRowCount));
        Assert.Equal("closed", list.Rows[0].WaiveReason);
        Assert.NotEmpty(list.Rows[0].WaivedBy);
        Assert.NotNull(list.Rows[0].WaiveTime);
        var reused = await Refusal.OfAsync(
            _client.WaiveQuarantinedRowsAsync(new() { Parent = name, All = true, Reason = "other", RequestId = waiveId }));
        Assert.Equal("REQUEST_ID_REUSED", reused.Reason);
    }

    [Fact]
    public async Task What_can_not_be_meant_is_refused_with_what_to_do()
    {
        var name = await BackfillingAsync("refused");

        Assert.Equal(
            (StatusCode.NotFound, "MIGRATION_NOT_FOUND"), await OfAsync(_client.ListQuarantinedRowsAsync(new() { Parent = "nobody" })));
        Assert.Equal(
            (StatusCode.NotFound, "BACKFILL_NOT_FOUND"),
            await OfAsync(_client.ListQuarantinedRowsAsync(new() { Parent = $"{name}/backfills/other" })));
        Assert.Equal(
            (StatusCode.InvalidArgument, "INVALID_PAGE_TOKEN"),
            await OfAsync(_client.ListQuarantinedRowsAsync(new() { Parent = name, PageToken = "x" })));
        Assert.Equal(
            (StatusCode.InvalidArgument, "INVALID_ROW_CHOICE"), await OfAsync(_client.RetryQuarantinedRowsAsync(new() { Parent = name })));
        Assert.Equal(
            (StatusCode.InvalidArgument, "INVALID_ROW_CHOICE"),
            await OfAsync(_client.WaiveQuarantinedRowsAsync(new() { Parent = name, All = true, Keys = { Key }, Reason = "r" })));
        Assert.Equal(
            (StatusCode.InvalidArgument, "WAIVER_REASON_MISSING"),
            await OfAsync(_client.WaiveQuarantinedRowsAsync(new() { Parent = name, All = true })));
        Assert.Equal(
            (StatusCode.NotFound, "QUARANTINED_ROW_NOT_FOUND"),
            await OfAsync(_client.RetryQuarantinedRowsAsync(new() { Parent = name, Keys = { """{"id": 6}""" } })));
    }

    private static async Task<(StatusCode Code, string Reason)> OfAsync<T>(AsyncUnaryCall<T> call)
    {
        var refusal = await Refusal.OfAsync(call);
        return (refusal.Code, refusal.Reason);
    }

    private async Task<string> BackfillingAsync(string table)
    {
        await shop.ExecuteAsOwnerAsync(
            $"create table {table} (id bigint primary key, word text); insert into {table} select i, 'w' from generate_series(1, 100) i");
        var name = Specs.NewName();
        await shop.Server.Migrations.PlanMigrationAsync(Specs.Plan(Specs.Rename(name, table, "word", "renamed")));
        await shop.Server.Migrations.StartMigrationAsync(new() { Name = name });
        await Eventually.TrueAsync(
            async () => (await shop.Server.Migrations.GetMigrationAsync(new() { Name = name })).Migration.Backfills
                .Any(backfill => backfill.BlockCount > 0),
            "the backfill is open");
        await shop.Shop.ExecuteAsync(
            $"""
            insert into coordinator.quarantine (migration, step, key_hash, key, table_name, sqlstate, message)
            values ('{name}', 'migrate-1-backfill', sha256(convert_to('{Key}', 'UTF8')), '{Key}', 'public.{table}', '22P02', 'bad')
            """);
        return name;
    }
}
