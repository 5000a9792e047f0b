using Coordinator.Server.Tests.Hosting;
using Coordinator.Testing;
using Grpc.Core;

namespace Coordinator.Server.Tests.Backfills;

/// <summary>A backfill that runs, steered by an operator; what workers get is what tells.</summary>
public sealed class TuneBackfillTests(ShopFixture shop) : IClassFixture<ShopFixture>
{
    [Fact]
    public async Task A_setting_is_in_force_with_the_next_grant_and_shown_with_its_reason()
    {
        var name = await BackfillingAsync("comment");
        var backfill = await BackfillNameAsync(name);
        await EventuallyLeasesAsync(name);

        var tuned = await TuneAsync(backfill, new() { Check = "select false", MaxParallel = 3 });

        Assert.Equal(("select false", 3), (tuned.Tuning.Check, tuned.Tuning.MaxParallel));
        await Eventually.TrueAsync(
            async () => (await GetAsync(backfill)).Estimate == V1.Backfill.Types.Estimate.Throttled, "the check stops the backfill");
        var pace = Assert.Single((await GetAsync(backfill)).Paces);
        Assert.Equal((true, V1.BackfillPace.Types.Move.Stop, "check", 0), (pace.Stopped, pace.Move, pace.Signal, pace.MaxRunningCount));
        Assert.Contains(pace.Signals, signal => signal is { Name: "check", Zone: V1.LoadSignal.Types.Zone.Stop });
        Assert.Contains(pace.Signals, signal => signal.Name == "replica_lag");
        Assert.Empty((await AcquireAsync(name)).Leases);
        await Eventually.TrueAsync(
            async () => (await shop.Server.Migrations.GetMigrationAsync(new() { Name = name })).Migration.StatusMessage
                .Contains("the check says stop", StringComparison.Ordinal),
            "the status says why");

        await TuneAsync(backfill, new() { PauseBetween = new() { Seconds = 2 } }, reset: true);
        await EventuallyLeasesAsync(name);
        var lease = (await AcquireAsync(name, "w-after")).Leases.FirstOrDefault() ?? _last!;
        Assert.Equal(2, lease.Pause.Seconds);
        await shop.Server.Migrations.PauseMigrationAsync(new() { Name = name, Reason = "done here" });
    }

    [Fact]
    public async Task A_repeat_of_a_request_changes_nothing_again_and_its_id_is_not_for_another()
    {
        await shop.ExecuteAsOwnerAsync(
            "create table second (id bigint primary key, stars int); insert into second select i, i from generate_series(1, 100) i");
        var name = await BackfillingAsync("stars", "second");
        var backfill = await BackfillNameAsync(name);
        await EventuallyLeasesAsync(name);
        var id = Guid.CreateVersion7().ToString();

        await TuneAsync(backfill, new() { MaxParallel = 3 }, id: id);
        await TuneAsync(backfill, new() { MaxParallel = 4 });
        var repeated = await TuneAsync(backfill, new() { MaxParallel = 3 }, id: id);
        var reused = await Refusal.OfAsync(() => TuneAsync(backfill, new() { MaxParallel = 5 }, id: id));

        Assert.Equal(4, repeated.Tuning.MaxParallel);
        Assert.Equal((StatusCode.InvalidArgument, "REQUEST_ID_REUSED"), (reused.Code, reused.Reason));
        (V1.BackfillTuning Tuning, string Reason)[] bad =
        [
            (new() { MaxParallel = 0 }, "BACKFILL_TUNING_INVALID"),
            (new() { BatchRows = -1 }, "BACKFILL_TUNING_INVALID"),
            (new() { MaxWait = new() { Seconds = 60 } }, "BACKFILL_TUNING_INVALID"),
            (new() { QuietHours = "at night" }, "BACKFILL_TUNING_INVALID"),
            (new() { PauseBetween = new() { Seconds = -1 } }, "INVALID_DURATION"),
        ];
        foreach (var (tuning, reason) in bad)
        {
            var refusal = await Refusal.OfAsync(() => TuneAsync(backfill, tuning));
            Assert.Equal((StatusCode.InvalidArgument, reason), (refusal.Code, refusal.Reason));
        }

        var unknown = await Refusal.OfAsync(() => TuneAsync(backfill + "x", new() { MaxParallel = 3 }));
        Assert.Equal((StatusCode.NotFound, "BACKFILL_NOT_FOUND"), (unknown.Code, unknown.Reason));
        await shop.Server.Migrations.PauseMigrationAsync(new() { Name = name, Reason = "done here" });
    }

    private V1.BatchLease? _last;

    private async Task<string> BackfillingAsync(string column, string table = "review")
    {
        var name = Specs.NewName();
        await shop.Server.Migrations.PlanMigrationAsync(Specs.Plan(Specs.Rename(name, table, column, column + "_new")));
        await shop.Server.Migrations.StartMigrationAsync(new() { Name = name });
        return name;
    }

    private async Task<string> BackfillNameAsync(string migration) =>
        Assert.Single((await shop.Server.Backfills.ListBackfillsAsync(new() { Parent = migration })).Backfills).Name;

    private async Task<V1.Backfill> GetAsync(string backfill) =>
        (await shop.Server.Backfills.GetBackfillAsync(new() { Name = backfill })).Backfill;

    private async Task<V1.Backfill> TuneAsync(string backfill, V1.BackfillTuning tuning, bool reset = false, string id = "") =>
        (await shop.Server.Backfills.TuneBackfillAsync(
            new() { Name = backfill, Tuning = tuning, Reset = reset, RequestId = id })).Backfill;

    private async Task<V1.AcquireBatchesResponse> AcquireAsync(string migration, string worker = "w1") =>
        await shop.Server.Workers.AcquireBatchesAsync(
            new() { Worker = worker, Targets = { "shop" }, MaxBatchCount = 1, Migration = migration, Parallelism = 1 });

    private Task EventuallyLeasesAsync(string migration) => Eventually.TrueAsync(
        async () =>
        {
            var leases = (await AcquireAsync(migration)).Leases;
            _last = leases.FirstOrDefault() ?? _last;
            if (_last is { } given && leases.Count > 0)
            {
                await shop.Server.Workers.ReleaseBatchesAsync(new()
                {
                    Worker = "w1",
                    Releases = { new V1.BatchRelease { Token = given.Token, Reason = "WORKER_STOPPING" } },
                });
            }

            return leases.Count > 0;
        },
        "leases are handed out");
}
