using Coordinator.Domain.Backfills;
using Coordinator.Postgres.Identity;
using Coordinator.Postgres.Ledger;
using Coordinator.Postgres.Sync;
using Coordinator.Testing;
using Coordinator.Worker.Batches;
using Coordinator.Worker.Tests.Batches;

namespace Coordinator.Worker.Tests.Properties;

/// <summary>A table that is under way: the trigger in place, the rows from before it unfilled, a few of them to a block.</summary>
internal sealed class BackfilledTable
{
    private const int RowsBefore = 9;

    private readonly InstalledTarget _target;
    private readonly SyncTrigger _trigger;
    private readonly TargetIdentity _identity;
    private readonly long _generation;
    private readonly string _migration;
    private long _pass;

    private BackfilledTable(
        InstalledTarget target, SyncTrigger trigger, TargetIdentity identity, string migration, long generation, Mapping mapping)
    {
        _target = target;
        _trigger = trigger;
        _identity = identity;
        _migration = migration;
        _generation = generation;
        Mapping = mapping;
    }

    public string Name => _trigger.Table;

    public Mapping Mapping { get; }

    /// <summary>The table's blocks when the pass began.</summary>
    public long Blocks { get; private set; }

    public static async Task<BackfilledTable> CreateAsync(InstalledTarget target, Mapping mapping)
    {
        var name = "p_" + Guid.CreateVersion7().ToString("N");
        var migration = "m-" + name[2..];
        await target.ExecuteAsOwnerAsync(
            $"""
            create table {name} (id int primary key, o {mapping.OldType}, n {mapping.NewType}, other int, pad text);
            alter table {name} alter pad set storage plain
            """);
        var trigger = new SyncTrigger
        {
            Schema = "public",
            Table = name,
            OldColumn = "o",
            NewColumn = "n",
            Up = mapping.Up,
            Down = mapping.Down,
            CompareAsText = true,
            SameType = mapping.OldType == mapping.NewType,
            TriggerName = SyncTrigger.NameFor("public", name, "o", "n"),
        };
        await target.ExecuteAsCoordinatorAsync(
            [.. SyncTriggerSql.Create(trigger), SyncTriggerSql.Register(trigger, migration, "sync")]);
        var generation = await FenceControl.EnsureAsync(target.Coordinator, migration, Guid.CreateVersion7(), default);
        var identity = await TargetIdentity.ReadAsync(target.Coordinator, default);
        return new BackfilledTable(target, trigger, identity, migration, generation, mapping);
    }

    /// <summary>Replaces the rows by new ones that were there before the trigger; what the model has to start with.</summary>
    public async Task<RowModel> BeginAsync(Random random, IReadOnlyList<Value> olds)
    {
        var model = new RowModel(Mapping);
        var rows = new List<string>();
        for (var key = 1; key <= RowsBefore; key++)
        {
            var value = olds[random.Next(olds.Count)];
            rows.Add($"({key}, {value.Sql}, repeat('x', 1900))");
            model.Unsynced(key, value.Image);
        }

        await _target.ExecuteAsOwnerAsync(
            $"""
            truncate {Name};
            alter table {Name} disable trigger all;
            insert into {Name} (id, o, pad) values {string.Join(", ", rows)};
            alter table {Name} enable always trigger {_trigger.TriggerName}
            """);
        Blocks = await _target.Database.ScalarAsync<long>($"select pg_relation_size('{Name}') / 8192");
        _pass++;
        return model;
    }

    /// <summary>Runs one batch by the worker's own transaction until it is done; some of them by a second holder, or twice.</summary>
    /// <param name="first">The first block.</param>
    /// <param name="end">One past the last.</param>
    /// <param name="sweep">Which rows of their pages; null for all.</param>
    /// <param name="epoch">How many holders there have been.</param>
    /// <param name="twice">Whether it is run once more.</param>
    public async Task FillAsync(long first, long end, int? sweep, long epoch, bool twice)
    {
        var batch = (_pass << 32) + ((sweep ?? 0L) << 30) + first;
        var statement =
            $"update {Name} set n = {Mapping.Up.Replace("{}", "o", StringComparison.Ordinal)} where ctid >= $1 and ctid < $2 and {SyncTriggerSql.Disagree(_trigger)}";
        var grant = new BatchGrant
        {
            Migration = _migration,
            Step = "fill",
            Batch = batch,
            Lo = first,
            Hi = end,
            Statement = sweep is null ? statement : BlockSweeps.Narrow(statement, batch),
            Epoch = epoch,
            LeaseId = Guid.CreateVersion7(),
            Generation = _generation,
            SystemIdentifier = _identity.SystemIdentifier,
            Timeline = _identity.Timeline,
            TriggerTable = $"\"public\".\"{Name}\"",
            TriggerName = _trigger.TriggerName,
            LockTimeout = TimeSpan.FromSeconds(30),
        };
        for (var run = 0; run < (twice ? 2 : 1); run++)
        {
            BatchOutcome outcome = new BatchOutcome.Busy("not tried");
            await Eventually.TrueAsync(
                async () =>
                {
                    outcome = await BatchTransaction.RunAsync(_target.Worker, grant, CancellationToken.None);
                    return outcome is BatchOutcome.Committed or BatchOutcome.AlreadyDone;
                },
                $"the batch of blocks {first} to {end}");
        }
    }

    /// <summary>The rows as they are, by key.</summary>
    public async Task<IReadOnlyList<(int Key, string? Old, string? New)>> ReadAsync()
    {
        await using var command = _target.Database.DataSource.CreateCommand(
            $"select id, o::text collate \"C\", n::text collate \"C\" from {Name} order by id");
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<(int, string?, string?)>();
        while (await reader.ReadAsync())
        {
            rows.Add((reader.GetInt32(0), Text(1), Text(2)));
        }

        return rows;
        string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
    }

    /// <summary>A connection of the application's, as which it has no rights on Coordinator's schema.</summary>
    public async Task<Npgsql.NpgsqlConnection> ApplicationAsync() => await _target.Application.OpenConnectionAsync();

    public async Task ExecuteAsync(string sql)
    {
        await using var connection = await ApplicationAsync();
        await connection.RunAsync(sql);
    }
}
