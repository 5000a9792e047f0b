using Coordinator.Engine.Leasing;

namespace Coordinator.Engine.Tests.Leasing;

/// <summary>What drivers and workers do, for tests: each backfill of a test has a migration and a target of its own.</summary>
public sealed class BackfillFixture(CoordinationFixture fixture)
{
    public const string Timeline = "00000001";

    public const string Step = "migrate-1-backfill";

    private const long SystemIdentifier = 7_000_000_000_000_000_001;

    public BackfillControl Control { get; } = new(fixture.Coordination);

    public BatchLeasing Leasing { get; } = new(fixture.Coordination, fixture.Options);

    /// <summary>A pass over a table; the target is named as the migration.</summary>
    public static BackfillStart Pass(
        string migration, long totalBlocks, long batchBlocks, int pass = 1, string shard = "main", long generation = 1) =>
        new(migration, shard, Step, migration, "update t set n = n + 1 where ctid >= $1 and ctid < $2", "\"public\".\"t\"", "zz_sync",
            batchBlocks, totalBlocks, pass, 4711, generation, SystemIdentifier, Timeline);

    public async Task StartAsync(params BackfillStart[] starts)
    {
        await using var session = fixture.Store.OpenSession();
        foreach (var start in starts)
        {
            Control.EnlistStart(session, start);
        }

        await session.SaveChangesAsync();
    }

    public async Task PauseAsync(string migration)
    {
        await using var session = fixture.Store.OpenSession();
        Control.EnlistPause(session, migration);
        await session.SaveChangesAsync();
    }

    public async Task ResumeAsync(string migration, TargetFence fence)
    {
        await using var session = fixture.Store.OpenSession();
        Control.EnlistResume(session, migration, new Dictionary<string, TargetFence> { ["main"] = fence });
        await session.SaveChangesAsync();
    }

    public async Task FinishAsync(string migration)
    {
        await using var session = fixture.Store.OpenSession();
        Control.EnlistFinish(session, migration, Step);
        await session.SaveChangesAsync();
    }

    public Task<IReadOnlyList<GrantedBatch>> AcquireAsync(
        string migration, int max, Guid? request = null, string worker = "w", BatchLeasing? replica = null) =>
        (replica ?? Leasing).AcquireAsync(worker, [migration], max, request ?? Guid.NewGuid(), null, CancellationToken.None);

    public Task<IReadOnlyList<LeaseToken>> RenewAsync(params LeaseToken[] tokens) =>
        Leasing.RenewAsync("w", tokens, CancellationToken.None);

    public Task CompleteAsync(params BatchReceipt[] receipts) => Leasing.CompleteAsync("w", receipts, CancellationToken.None);

    public Task ReleaseAsync(LeaseToken token, long observedEpoch = 0, string worker = "w") => Leasing.ReleaseAsync(
        worker, [new BatchRelease(token, "STATEMENT_FAILED", "23514", "violates check", observedEpoch)], CancellationToken.None);

    public static BatchReceipt Receipt(GrantedBatch batch, long rows = 10, string? timeline = null) =>
        new(batch.Token, rows, batch.SystemIdentifier, timeline ?? batch.Timeline);

    /// <summary>Lets leases run out: by the row, never by waiting.</summary>
    public Task ExpireAsync(string migration) => fixture.Database.ExecuteAsync(
        $"update coordinator.backfill_batch set expires_at = clock_timestamp() where migration = '{migration}' and state = 0");

    public async Task<BackfillProgress> ProgressAsync(string migration) =>
        Assert.Single(await Control.ProgressAsync(migration, CancellationToken.None));

    public Task<bool> IsDoneAsync(string migration) => Control.IsCarvedAndDoneAsync(migration, Step, CancellationToken.None);

    public static async Task<string> CodeAsync(Func<Task> action) =>
        (await Assert.ThrowsAsync<EngineException>(action)).Rejection.Code;
}
