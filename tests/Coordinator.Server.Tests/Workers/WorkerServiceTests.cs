using Coordinator.Server.Tests.Hosting;
using Coordinator.Testing;
using Grpc.Core;

namespace Coordinator.Server.Tests.Workers;

/// <summary>Batches as workers get them, from a migration that really runs.</summary>
public sealed class WorkerServiceTests(ShopFixture shop) : IClassFixture<ShopFixture>
{
    [Fact]
    public async Task A_started_migration_hands_out_its_batches_until_it_is_paused()
    {
        var name = await BackfillingAsync("comment");
        var request = new V1.AcquireBatchesRequest
        {
            Worker = "w1",
            Targets = { "shop" },
            MaxBatchCount = 1,
            Migration = name,
            RequestId = Guid.CreateVersion7().ToString(),
        };

        var lease = await FirstLeaseAsync(request);
        var again = await shop.Server.Workers.AcquireBatchesAsync(request);
        var renewed = await shop.Server.Workers.RenewLeasesAsync(new() { Worker = "w1", Tokens = { lease.Token } });
        await shop.Server.Workers.ReleaseBatchesAsync(new()
        {
            Worker = "w1",
            Releases = { new V1.BatchRelease { Token = lease.Token, Reason = "TEST", Message = "given back" } },
        });
        var lost = await shop.Server.Workers.RenewLeasesAsync(new() { Worker = "w1", Tokens = { lease.Token } });

        Assert.Equal(name, lease.Token.Migration);
        Assert.Equal("shop", lease.Target);
        Assert.Contains("update", lease.Statement, StringComparison.OrdinalIgnoreCase);
        Assert.True(lease.EndBlock > lease.FirstBlock);
        Assert.NotEmpty(lease.TriggerName);
        Assert.Equal(lease.Token, Assert.Single(again.Leases).Token);
        Assert.Equal(lease.Token, Assert.Single(renewed.Renewed));
        Assert.Empty(lost.Renewed);

        await ProgressIsShownAsync(name);
        await PausedAsync(name);
    }

    [Fact]
    public async Task A_report_on_an_unknown_backfill_is_not_found()
    {
        var state = await shop.StateAsync();
        var token = new V1.LeaseToken
        {
            Migration = "nobody",
            Shard = "main",
            Step = "fill",
            Batch = 1,
            Epoch = 1,
            LeaseId = Guid.CreateVersion7().ToString(),
        };

        var refusal = await Refusal.OfAsync(shop.Server.Workers.CompleteBatchesAsync(new()
        {
            Worker = "w1",
            Receipts = { new V1.BatchReceipt { Token = token, RowCount = 1, Timeline = "00000001" } },
        }));
        var asked = await Refusal.OfAsync(shop.Server.Workers.AcquireBatchesAsync(new()
        {
            Worker = "w1",
            Targets = { "shop" },
            MaxBatchCount = 1,
            Migration = "nobody",
        }));

        Assert.Equal((StatusCode.NotFound, "BACKFILL_NOT_FOUND"), (refusal.Code, refusal.Reason));
        Assert.Equal((StatusCode.NotFound, "BACKFILL_NOT_FOUND"), (asked.Code, asked.Reason));
        Assert.Equal(state, await shop.StateAsync());
    }

    [Fact]
    public async Task Malformed_requests_of_workers_are_refused()
    {
        (string Reason, Func<Task> Make)[] calls =
        [
            ("INVALID_WORKER", () => AcquireAsync(request => request.Worker = new string('w', 10_240))),
            ("INVALID_WORKER", () => AcquireAsync(request => request.Worker = "")),
            ("INVALID_BATCH_COUNT", () => AcquireAsync(request => request.MaxBatchCount = 0)),
            ("INVALID_BATCH_COUNT", () => AcquireAsync(request => request.MaxBatchCount = 101)),
            ("INVALID_TARGET", () => AcquireAsync(request => request.Targets.Clear())),
            ("INVALID_TARGET", () => AcquireAsync(request => request.Targets.Add("'; --"))),
            ("INVALID_REQUEST_ID", () => AcquireAsync(request => request.RequestId = "x")),
            ("INVALID_LEASE_TOKEN", () => RenewAsync(new V1.LeaseToken { Migration = "m", LeaseId = "x" })),
            ("INVALID_LEASE_TOKEN", () => RenewAsync(new V1.LeaseToken { LeaseId = Guid.CreateVersion7().ToString() })),
        ];
        foreach (var (reason, make) in calls)
        {
            var refusal = await Refusal.OfAsync(make);
            Assert.Equal((StatusCode.InvalidArgument, reason), (refusal.Code, refusal.Reason));
        }
    }

    [Fact]
    public async Task An_unknown_backfill_is_not_found_and_a_strange_name_is_refused()
    {
        var name = Specs.NewName();
        await shop.ExecuteAsOwnerAsync("create table quiet (id bigint primary key, stars int)");
        await shop.Server.Migrations.PlanMigrationAsync(Specs.Plan(Specs.Rename(name, "quiet", "stars", "points")));

        var unknown = await Refusal.OfAsync(shop.Server.Backfills.GetBackfillAsync(new() { Name = $"migrations/{name}/backfills/nothing" }));
        var strange = await Refusal.OfAsync(shop.Server.Backfills.GetBackfillAsync(new() { Name = "nothing" }));
        var token = await Refusal.OfAsync(shop.Server.Backfills.ListBackfillsAsync(new() { PageToken = "x" }));

        Assert.Equal((StatusCode.NotFound, "BACKFILL_NOT_FOUND"), (unknown.Code, unknown.Reason));
        Assert.Equal((StatusCode.InvalidArgument, "INVALID_NAME"), (strange.Code, strange.Reason));
        Assert.Equal((StatusCode.InvalidArgument, "INVALID_PAGE_TOKEN"), (token.Code, token.Reason));
        Assert.Equal(0, Assert.Single((await shop.Server.Backfills.ListBackfillsAsync(new() { Parent = name })).Backfills).BlockCount);
    }

    private async Task ProgressIsShownAsync(string name)
    {
        var listed = (await shop.Server.Backfills.ListBackfillsAsync(new())).Backfills.Single(
            backfill => backfill.Name.StartsWith($"migrations/{name}/", StringComparison.Ordinal));
        var one = (await shop.Server.Backfills.GetBackfillAsync(new() { Name = listed.Name })).Backfill;
        Assert.Equal("public.review", one.Table);
        Assert.True(one.BlockCount > 0);
        Assert.False(one.Finished);
        Assert.Contains("given back", one.LastFailureMessage, StringComparison.Ordinal);
    }

    private async Task PausedAsync(string name)
    {
        var paused = (await shop.Server.Migrations.PauseMigrationAsync(new() { Name = name, Reason = "lunch" })).Migration;
        Assert.Equal(V1.Migration.Types.State.Paused, paused.State);
        Assert.Contains("lunch", paused.StatusMessage, StringComparison.Ordinal);
        var nothing = await shop.Server.Workers.AcquireBatchesAsync(
            new() { Worker = "w2", Targets = { "shop" }, MaxBatchCount = 1, Migration = name });
        Assert.Empty(nothing.Leases);
        Assert.True(nothing.RetryDelay.ToTimeSpan() > TimeSpan.Zero);
    }

    private async Task<string> BackfillingAsync(string column)
    {
        var name = Specs.NewName();
        await shop.Server.Migrations.PlanMigrationAsync(Specs.Plan(Specs.Rename(name, from: column, to: column + "_new")));
        await shop.Server.Migrations.StartMigrationAsync(new() { Name = name });
        return name;
    }

    private async Task<V1.BatchLease> FirstLeaseAsync(V1.AcquireBatchesRequest request)
    {
        V1.BatchLease? lease = null;
        await Eventually.TrueAsync(
            async () => (lease = (await shop.Server.Workers.AcquireBatchesAsync(request)).Leases.FirstOrDefault()) is not null,
            "the migration hands out a batch");
        return lease!;
    }

    private async Task AcquireAsync(Action<V1.AcquireBatchesRequest> change)
    {
        var request = new V1.AcquireBatchesRequest { Worker = "w1", Targets = { "shop" }, MaxBatchCount = 1 };
        change(request);
        await shop.Server.Workers.AcquireBatchesAsync(request);
    }

    private async Task RenewAsync(V1.LeaseToken token) =>
        await shop.Server.Workers.RenewLeasesAsync(new() { Worker = "w1", Tokens = { token } });
}
