using Coordinator.Domain.Catalog;
using Coordinator.Domain.Operations;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Identity;
using Coordinator.Postgres.Ledger;
using Coordinator.Postgres.Ranges;
using Coordinator.Testing;
using Coordinator.Worker.Batches;
using Npgsql;
using KeyColumn = Coordinator.Worker.Batches.KeyColumn;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>
/// A table whose rows are handed out by its primary key, as a plan and a pass over it would do it: the statement is the compiler's, the
/// marks are the walker's or a test's own.
/// </summary>
internal sealed class KeyTable
{
    public const string Step = "fill";

    private readonly TableInfo _catalog;
    private readonly TargetIdentity _identity;

    private KeyTable(InstalledTarget target, TargetIdentity identity, string name, TableInfo catalog)
    {
        Target = target;
        _identity = identity;
        Name = name;
        _catalog = catalog;
        Key = RangeKey.Find(catalog, null, out var defect) ?? throw new InvalidOperationException(defect!.Message);
    }

    public InstalledTarget Target { get; }

    public TestDatabase Database => Target.Database;

    public string Name { get; }

    public string Migration { get; } = "m-" + Guid.CreateVersion7().ToString("N");

    public IReadOnlyList<Domain.Plans.KeyColumn> Key { get; }

    /// <summary>The key's columns, as SQL.</summary>
    public string Columns => string.Join(", ", Key.Select(column => column.Sql));

    /// <summary>The number of the marks; as many intervals.</summary>
    public long Marks { get; private set; }

    /// <summary>Creates it by DDL in which <c>{0}</c> is its name.</summary>
    public static async Task<KeyTable> CreateAsync(InstalledTarget target, string ddl)
    {
        var name = "keyed_" + Guid.CreateVersion7().ToString("N");
        await target.ExecuteAsOwnerAsync(ddl.Replace("{0}", name, StringComparison.Ordinal));
        var read = await CatalogReader.ReadTableAsync(target.Coordinator, "public", name, CancellationToken.None);
        var catalog = new TableInfo
        {
            Schema = "public",
            Name = name,
            Kind = read!.Kind,
            Columns = [.. read.Columns.Select(column => new ColumnInfo { Name = column.Name, Type = column.Type, NotNull = column.NotNull })],
            Indexes =
            [
                .. read.Indexes.Select(index => new IndexInfo
                {
                    Name = index.Name,
                    Definition = index.Definition,
                    IsUnique = index.IsUnique,
                    IsPrimary = index.IsPrimary,
                    OrderProblem = index.OrderProblem,
                    Keys = [.. index.Keys.Select(key => new IndexColumnInfo(key.Name, key.Options))],
                }),
            ],
        };
        var table = new KeyTable(target, await TargetIdentity.ReadAsync(target.Coordinator, default), name, catalog);
        await FenceControl.EnsureAsync(target.Coordinator, table.Migration, Guid.CreateVersion7(), default);
        return table;
    }

    /// <summary>As a migration's plan has it.</summary>
    public string Statement(string sql, RangeKind by = RangeKind.Key)
    {
        var spec = new MigrationSpec
        {
            Name = "m",
            Target = "shop",
            Versions = new Dictionary<string, VersionRule> { ["shop-api"] = new(2, 2) },
            Operations = [new OperationSpec.RawSql(null, new RawBackfill($"public.{Name}", sql, null, By: by), null, null)],
        };
        var plan = PlanCompiler.Compile(spec, new CatalogSnapshot { ServerVersion = 150020, Tables = [_catalog] });
        return ((PlanResult.Compiled)plan).Plan.Steps.OfType<PlanStep.Backfill>().Single().Statement;
    }

    /// <summary>Cuts the key space as a pass does.</summary>
    public async Task MarkAsync() => Marks = await KeyMarks.WalkAsync(
        Target.Coordinator,
        Migration,
        Step,
        pass: 1,
        new TableName("public", Name),
        [.. Key.Select(column => new TargetKeyColumn(column.Name, column.Type))],
        walked: null,
        CancellationToken.None);

    /// <summary>Cuts the key space at the rows for which the condition holds, and behind the largest.</summary>
    public async Task MarkAtAsync(string condition)
    {
        var values = string.Join(", ", Key.Select(column => column.Sql + "::text"));
        Marks = await Database.ScalarAsync<long>(
            $"""
            begin; set local timezone = 'UTC'; set local datestyle = 'ISO, MDY'; set local bytea_output = 'hex';
            insert into coordinator.key_mark (migration, step, pass, mark, key)
            select '{Migration}', '{Step}', 1, row_number() over (order by {Columns}), array[{values}]
              from (select *, row_number() over (order by {string.Join(", ", Key.Select(column => column.Sql + " desc"))}) as from_end from {Name}) as k
             where from_end = 1 or ({condition});
            commit;
            select count(*) from coordinator.key_mark where migration = '{Migration}'
            """);
    }

    public BatchGrant Grant(long lo, long hi, string statement, long epoch = 1) => new()
    {
        Migration = Migration,
        Step = Step,
        Batch = (1L << 32) + lo,
        Lo = lo,
        Hi = hi,
        Statement = statement,
        Table = $"public.{Name}",
        Key = [.. Key.Select(column => new KeyColumn(column.Name, column.Type))],
        Epoch = epoch,
        LeaseId = Guid.CreateVersion7(),
        Generation = 1,
        SystemIdentifier = _identity.SystemIdentifier,
        Timeline = _identity.Timeline,
        LockTimeout = TimeSpan.FromSeconds(30),
    };

    public Task<BatchOutcome> RunAsync(BatchGrant grant) => BatchTransaction.RunAsync(Target.Worker, grant, CancellationToken.None);

    /// <summary>The rows' keys in quarantine, in the order of their hashes' first sight.</summary>
    public Task<string> QuarantinedAsync() => Database.ScalarAsync<string>(
        $"select coalesce(string_agg(key, ';' order by length(key), key), '') from coordinator.quarantine where migration = '{Migration}'");

    /// <summary>How the statement is planned with bounds, as a batch plans it.</summary>
    public async Task<string> PlanOfAsync(string statement, string[]? lower, string[]? upper)
    {
        await using var connection = await Database.DataSource.OpenConnectionAsync();
        await using (var create = new NpgsqlCommand(
            """
            create or replace function pg_temp.plan_of(p_statement text, p_lower text[], p_upper text[]) returns setof text language plpgsql as $$
            declare v_line text;
            begin
              -- as coordinator.key_bounds does it; without a bound only a verification reads, and here most of the table
              if cardinality(p_upper) > 1 or p_lower is null or p_upper is null then
                perform set_config('enable_seqscan', 'off', true);
              end if;
              for v_line in execute 'explain (costs off) ' || p_statement using p_lower, p_upper loop return next v_line; end loop;
            end $$
            """,
            connection))
        {
            await create.ExecuteNonQueryAsync();
        }

        await using var explain = new NpgsqlCommand("select string_agg(l, e'\\n') from pg_temp.plan_of($1, $2, $3) as l", connection);
        explain.Parameters.Add(new() { Value = statement });
        explain.Parameters.Add(new() { Value = lower ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Text });
        explain.Parameters.Add(new() { Value = upper ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Text });
        return (string)(await explain.ExecuteScalarAsync())!;
    }
}
