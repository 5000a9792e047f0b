using Coordinator.Postgres.Identity;
using Coordinator.Postgres.Ledger;
using Coordinator.Testing;
using Coordinator.Worker.Batches;
using Npgsql;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>
/// A target with an open fence and a table whose rows count how often their batch was applied. The batch statement is
/// not idempotent, so a batch that ran twice shows, which a ledger row per batch would never do.
/// </summary>
internal sealed class BatchTarget
{
    public const string Step = "backfill";

    public const int RowsPerBatch = 3;

    private const string InRange = "batch >= ($1::text::point)[0] and batch < ($2::text::point)[0]";

    /// <summary>The key of the advisory lock that a test holds to stop a statement at <see cref="Gate"/>.</summary>
    private readonly int _gateKey = Random.Shared.Next();

    private BatchTarget(InstalledTarget target, TargetIdentity identity)
    {
        Target = target;
        Identity = identity;
    }

    public string Migration { get; } = "m-" + Guid.CreateVersion7().ToString("N");

    public string Table { get; } = "item_" + Guid.CreateVersion7().ToString("N");

    /// <summary>Rows of batch b are those with batch = b; the range is read from the bounds, as a real statement does.</summary>
    public string Increment => $"update public.{Table} set n = n + 1 where {InRange}";

    /// <summary>SQL that waits while the test holds the gate.</summary>
    public string Gate => $"pg_advisory_xact_lock_shared({_gateKey})";

    /// <summary>Stops before its first write.</summary>
    public string StopBeforeWriting =>
        $"with gate as materialized (select {Gate}) update public.{Table} set n = n + 1 from gate where {InRange}";

    /// <summary>Stops after its last write, before the ledger and the commit.</summary>
    public string StopAfterWriting =>
        $"with done as ({Increment} returning n) select case when count(*) > 0 then {Gate}::text end from done";

    public InstalledTarget Target { get; }

    public TargetIdentity Identity { get; }

    public long Generation { get; private init; }

    public TestDatabase Database => Target.Database;

    public static async Task<BatchTarget> CreateAsync(InstalledTarget target, int batches = 1)
    {
        var identity = await TargetIdentity.ReadAsync(target.Coordinator, default);
        var batch = new BatchTarget(target, identity) { Generation = 1 };
        await target.ExecuteAsOwnerAsync(
            $"""
            create table public.{batch.Table} (batch int not null, n int not null);
            insert into public.{batch.Table} select b, 0 from generate_series(1, {batches}) as b, generate_series(1, {RowsPerBatch});
            create index on public.{batch.Table} (batch);
            """);
        await FenceControl.EnsureAsync(target.Coordinator, batch.Migration, Guid.CreateVersion7(), default);
        return batch;
    }

    public BatchGrant Grant(long batch = 1, long epoch = 1, string? statement = null, Guid? lease = null) => new()
    {
        Migration = Migration,
        Step = Step,
        Batch = batch,
        Lo = batch,
        Hi = batch + 1,
        Statement = statement ?? Increment,
        Epoch = epoch,
        LeaseId = lease ?? Guid.CreateVersion7(),
        Generation = Generation,
        SystemIdentifier = Identity.SystemIdentifier,
        Timeline = Identity.Timeline,
    };

    /// <summary>As a worker does it: the real thing on the worker role's pool.</summary>
    public Task<BatchOutcome> RunAsync(BatchGrant grant) =>
        BatchTransaction.RunAsync(Target.Worker, grant, CancellationToken.None);

    /// <summary>The same until it is not busy: a holder that ends gives its row back a moment before its advisory lock.</summary>
    public async Task<BatchOutcome> RunUntilFreeAsync(BatchGrant grant)
    {
        BatchOutcome outcome = new BatchOutcome.Busy("not tried");
        await Eventually.TrueAsync(
            async () => (outcome = await RunAsync(grant)) is not BatchOutcome.Busy, "the batch is free");
        return outcome;
    }

    /// <summary>How often each row of the batch was changed; one number, since a batch is all or nothing.</summary>
    public async Task<int> AppliedAsync(long batch = 1)
    {
        Assert.Equal(1L, await Database.ScalarAsync<long>($"select count(distinct n) from public.{Table} where batch = {batch}"));
        return await Database.ScalarAsync<int>($"select max(n) from public.{Table} where batch = {batch}");
    }

    /// <summary>Holds the gate until the result is disposed.</summary>
    public async Task<IAsyncDisposable> CloseGateAsync()
    {
        var connection = await Database.DataSource.OpenConnectionAsync();
        await connection.RunAsync($"begin; select pg_advisory_xact_lock({_gateKey})");
        return new OpenGate(connection);
    }

    /// <summary>Waits until so many sessions stand at the gate.</summary>
    public Task AtGateAsync(int sessions = 1) =>
        Eventually.TrueAsync(
            async () => await Database.ScalarAsync<long>(
                $"""
                select count(*) from pg_locks
                 where locktype = 'advisory' and objid = {_gateKey} and not granted
                   and database = (select oid from pg_database where datname = current_database())
                """) == sessions,
            $"{sessions} sessions stand at the gate");

    /// <summary>Waits until a session of the worker's role waits for a row that another transaction holds.</summary>
    public Task WaitsForRowAsync() =>
        Eventually.TrueAsync(
            () => Database.ScalarAsync<bool>(
                $"""
                select exists (select from pg_stat_activity
                 where usename = '{Target.Roles.Worker}' and wait_event_type = 'Lock' and wait_event in ('transactionid', 'tuple'))
                """),
            "a session waits for a row");

    /// <summary>Ends the sessions of the worker's role that stand at the gate, as an operator or a timer would.</summary>
    public Task TerminateAtGateAsync() =>
        Database.ExecuteAsync($"select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = {_gateKey} and not granted");

    private sealed class OpenGate(NpgsqlConnection connection) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await connection.RunAsync("rollback");
            await connection.DisposeAsync();
        }
    }
}
