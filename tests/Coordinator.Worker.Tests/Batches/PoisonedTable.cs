using Coordinator.Postgres.Identity;
using Coordinator.Postgres.Ledger;
using Coordinator.Testing;
using Coordinator.Worker.Batches;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>
/// A table of several blocks whose batch turns text into numbers: a row whose text is none is the poison. Its statement
/// stops at a row that a test names, so that a batch can be met in the middle of its search.
/// </summary>
internal sealed class PoisonedTable
{
    public const string Step = "fill";

    public const int Rows = 200;

    private readonly int _gateKey = Random.Shared.Next();

    private PoisonedTable(InstalledTarget target, TargetIdentity identity)
    {
        Target = target;
        Identity = identity;
    }

    public InstalledTarget Target { get; }

    public TestDatabase Database => Target.Database;

    public TargetIdentity Identity { get; }

    public string Migration { get; } = "m-" + Guid.CreateVersion7().ToString("N");

    public string Table { get; } = "public.poisoned_" + Guid.CreateVersion7().ToString("N");

    public long Blocks { get; private set; }

    public string Statement => $"update {Table} set number = text::int where ctid >= $1 and ctid < $2 and number is null";

    /// <summary>A table with a key, about 30 rows to a block, in the order of the key, with those bad rows.</summary>
    public static Task<PoisonedTable> CreateAsync(InstalledTarget target, params IReadOnlyList<int> bad) =>
        CreateAsync(
            target,
            table => $$"""
                create table {{table}} (id int primary key, text text, number int, pad text default repeat('x', 200));
                insert into {{table}} (id, text)
                select n, case when n = any ('{{{string.Join(',', bad)}}}') then 'poison' else n::text end from generate_series(1, {{Rows}}) as n;
                """);

    /// <summary>Any table with the columns text and number.</summary>
    public static async Task<PoisonedTable> CreateAsync(InstalledTarget target, Func<string, string> ddl)
    {
        var identity = await TargetIdentity.ReadAsync(target.Coordinator, default);
        var table = new PoisonedTable(target, identity);
        await target.ExecuteAsOwnerAsync(ddl(table.Table));
        await FenceControl.EnsureAsync(target.Coordinator, table.Migration, Guid.CreateVersion7(), default);
        table.Blocks = await table.Database.ScalarAsync<long>(
            $"select pg_relation_size('{table.Table}') / current_setting('block_size')::bigint");
        return table;
    }

    /// <summary>The whole table as one batch.</summary>
    public BatchGrant Grant(long epoch = 1, string? statement = null) => new()
    {
        Migration = Migration,
        Step = Step,
        Batch = 1,
        Lo = 0,
        Hi = Blocks,
        Statement = statement ?? Statement,
        Table = Table,
        Epoch = epoch,
        LeaseId = Guid.CreateVersion7(),
        Generation = 1,
        SystemIdentifier = Identity.SystemIdentifier,
        Timeline = Identity.Timeline,
    };

    public Task<BatchOutcome> RunAsync(BatchGrant? grant = null) =>
        BatchTransaction.RunAsync(Target.Worker, grant ?? Grant(), CancellationToken.None);

    /// <summary>The ids in quarantine, in order.</summary>
    public async Task<string> QuarantinedAsync() => await Database.ScalarAsync<string>(
        $"""
        select coalesce(string_agg(key::jsonb ->> 'id', ',' order by (key::jsonb ->> 'id')::int), '')
          from coordinator.quarantine where migration = '{Migration}'
        """);

    public Task<long> FilledAsync() =>
        Database.ScalarAsync<long>($"select count(*) from {Table} where number::text = text");

    public Task<long> LedgerRowsAsync() =>
        Database.ScalarAsync<long>($"select count(*) from coordinator.ledger where migration = '{Migration}' and state = 'done'");

    /// <summary>From now on an update of that row waits while the test holds the gate.</summary>
    public Task StopAtAsync(int id) => Target.ExecuteAsOwnerAsync(
        $"""
        create function {Table}_gate() returns trigger language plpgsql as $f$
        begin
          perform pg_advisory_xact_lock_shared({_gateKey});
          return new;
        end $f$;
        create trigger gate before update on {Table} for each row when (old.id = {id}) execute function {Table}_gate();
        """);

    /// <summary>Holds the gate until the connection is rolled back or closed.</summary>
    public async Task<Npgsql.NpgsqlConnection> CloseGateAsync()
    {
        var connection = await Database.DataSource.OpenConnectionAsync();
        await connection.RunAsync($"begin; select pg_advisory_xact_lock({_gateKey})");
        return connection;
    }

    public Task AtGateAsync() => Eventually.TrueAsync(
        () => Database.ScalarAsync<bool>(
            $"select exists (select from pg_locks where locktype = 'advisory' and objid = {_gateKey} and not granted)"),
        "the batch stands at the gate");

    public Task TerminateAtGateAsync() => Database.ExecuteAsync(
        $"select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = {_gateKey} and not granted");
}
