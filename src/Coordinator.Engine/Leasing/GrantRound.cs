using Coordinator.Domain.Backfills;
using Coordinator.Domain.Plans;
using Npgsql;

namespace Coordinator.Engine.Leasing;

/// <summary>
/// One round of requests that ask for the same targets, migration and handlers: a transaction of two messages. The first locks and
/// reads, the second grants what was allotted in between, and commits.
/// </summary>
internal sealed class GrantRound(CoordinationDatabase database, EngineOptions options)
{
    /// <summary>The answers, by request id. The requests' ids differ.</summary>
    public async Task<IReadOnlyDictionary<Guid, GrantAnswer>> RunAsync(IReadOnlyList<AcquireRequest> requests)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync();
        var state = await LookAsync(connection, requests);
        var allotter = new GrantAllotter(state.Sources, state.Holders, options.ServerParallelism, Random.Shared.NextDouble);
        var allotted = state.MigrationIsKnown
            ? requests.Where(request => state.Ours.Contains(request.RequestId) && !state.Repeated.ContainsKey(request.RequestId))
                .Select(allotter.Next).OfType<GrantAllotment>().ToList()
            : [];
        var granted = await GrantAsync(connection, allotted);
        return requests.ToDictionary(request => request.RequestId, request => Answer(request, state, granted));
    }

    private static GrantAnswer Answer(AcquireRequest request, Look state, Dictionary<Guid, List<GrantedBatch>> granted) =>
        !state.Ours.Contains(request.RequestId) ? new GrantAnswer.Busy()
        : !state.MigrationIsKnown ? new GrantAnswer.UnknownMigration()
        : state.Repeated.TryGetValue(request.RequestId, out var repeated) ? new GrantAnswer.Granted(repeated, WorkWasLocked: false)
        : granted.TryGetValue(request.RequestId, out var batches) ? new GrantAnswer.Granted(batches, WorkWasLocked: batches.Count == 0)
        : new GrantAnswer.Granted([], WorkWasLocked: false);

    private async Task<Look> LookAsync(NpgsqlConnection connection, IReadOnlyList<AcquireRequest> requests)
    {
        var kind = requests[0];
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand("begin"));
        // With the values at hand some of them would be planned anew each time, which takes longer than running them.
        batch.BatchCommands.Add(new NpgsqlBatchCommand("set local plan_cache_mode = force_generic_plan"));
        // And a plan that was made while a table was small would read all of it until somebody analyzes it.
        batch.BatchCommands.Add(new NpgsqlBatchCommand("set local enable_seqscan = off"));
        // In a statement of its own: the next one's snapshot must see what the holder of such a lock committed.
        batch.BatchCommands.Add(Command(
            "select id from unnest($1) as r(id) where pg_try_advisory_xact_lock(hashtextextended('coordinator/acquire/' || id, 0))",
            requests.Select(request => request.RequestId).ToArray()));
        batch.BatchCommands.Add(Backfills(GrantSql.LockServers, kind));
        batch.BatchCommands.Add(Backfills(GrantSql.Backfills, kind));
        batch.BatchCommands.Add(Command(
            GrantSql.Holders, kind.Targets.ToArray(), requests.Select(request => request.Worker).Distinct(StringComparer.Ordinal).ToArray()));
        batch.BatchCommands.Add(Command(GrantSql.Repeated, requests.Select(request => request.RequestId).ToArray()));
        batch.BatchCommands.Add(Command(GrantSql.MigrationIsKnown, kind.Migration));
        await using var reader = await batch.ExecuteReaderAsync();
        var ours = (await ReadAsync(reader, row => row.GetGuid(0))).ToHashSet();
        await reader.NextResultAsync();
        var locked = (await ReadAsync(reader, row => row.GetInt64(0))).ToHashSet();
        await reader.NextResultAsync();
        var sources = await ReadAsync(reader, row => (Source: Source(row), Limited: row.GetBoolean(21)));
        await reader.NextResultAsync();
        var holders = await ReadAsync(reader, row => (
            Key: (new BackfillKey(row.GetString(0), row.GetString(1), row.GetString(2)), row.GetString(3)),
            Held: new HeldLeases(row.GetInt64(4), row.GetInt64(5))));
        await reader.NextResultAsync();
        var seen = await ReadAsync(reader, row => (
            Request: row.GetGuid(0),
            Worker: row.GetString(1),
            Batch: row.GetBoolean(2)
                ? Narrow(Grant(row, 3, Token(row, 3, 16), row.GetInt64(19), row.GetInt64(20), key: 21), IsSwept(row, key: 21))
                : null));
        await reader.NextResultAsync();
        var known = await ReadAsync(reader, row => row.GetBoolean(0));
        var workers = requests.ToDictionary(request => request.RequestId, request => request.Worker);
        return new Look(
            ours,
            [.. sources.Where(found => !found.Limited || locked.Contains(found.Source.Server)).Select(found => found.Source)],
            holders.ToDictionary(holder => holder.Key, holder => holder.Held),
            seen.GroupBy(row => row.Request).ToDictionary(
                rows => rows.Key,
                rows => (IReadOnlyList<GrantedBatch>)[.. rows.Where(row => row.Worker == workers[row.Request]).Select(row => row.Batch).OfType<GrantedBatch>()]),
            known.Single());
    }

    private async Task<Dictionary<Guid, List<GrantedBatch>>> GrantAsync(NpgsqlConnection connection, List<GrantAllotment> allotted)
    {
        await using var batch = connection.CreateBatch();
        if (allotted.Count == 0)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand("rollback"));
            await batch.ExecuteNonQueryAsync();
            return [];
        }

        var backfills = allotted.GroupBy(entry => entry.Source.Key, (_, entries) => entries.ToList()).ToList();
        foreach (var entries in backfills)
        {
            batch.BatchCommands.Add(Grants(entries[0].Source, entries));
        }

        batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        await using var reader = await batch.ExecuteReaderAsync();
        var rows = new List<(Guid RequestId, GrantedBatch Batch)>();
        foreach (var entries in backfills)
        {
            rows.AddRange(await ReadAsync(reader, row => (row.GetGuid(0), Granted(entries[0].Source, row))));
            // Behind the last one to the end of the message: only there are the grants committed.
            await reader.NextResultAsync();
        }

        var granted = rows.ToLookup(row => row.RequestId, row => row.Batch);
        return allotted.ToDictionary(entry => entry.Request.RequestId, entry => granted[entry.Request.RequestId].ToList());
    }

    private NpgsqlBatchCommand Grants(GrantSource source, List<GrantAllotment> entries) => Command(
        "select * from coordinator.grant_batches_of($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, true) order by batch",
        source.Key.Migration,
        source.Key.Shard,
        source.Key.Step,
        source.Pass,
        source.Lapsed,
        options.BatchLease,
        entries.Select(entry => entry.Request.Worker).ToArray(),
        entries.Select(entry => entry.Request.RequestId).ToArray(),
        entries.Select(entry => entry.Request.Parallelism).ToArray(),
        entries.Select(entry => entry.Most).ToArray(),
        entries.Select(entry => entry.Fair).ToArray(),
        entries.Select(entry => entry.Blocks).ToArray());

    private static GrantedBatch Granted(GrantSource source, NpgsqlDataReader row) => source.Grant(
        new LeaseToken(source.Key.Migration, source.Key.Shard, source.Key.Step, row.GetInt64(1), row.GetInt64(2), row.GetGuid(3)),
        row.GetInt64(4),
        row.GetInt64(5));

    private GrantSource Source(NpgsqlDataReader row)
    {
        // What every grant of it shares, read once.
        var grant = Grant(row, 0, new LeaseToken(row.GetString(0), row.GetString(1), row.GetString(2), 0, 0, Guid.Empty), 0, 0, key: 22);
        var swept = IsSwept(row, key: 22);
        return new GrantSource
        {
            Key = new BackfillKey(row.GetString(0), row.GetString(1), row.GetString(2)),
            Pass = row.GetInt32(15),
            Grant = (token, first, end) => Narrow(grant with { Token = token, FirstBlock = first, EndBlock = end }, swept),
            Server = grant.SystemIdentifier,
            Size = row.GetInt64(13),
            Slots = row.GetInt32(14),
            Running = row.GetInt64(16),
            Holders = row.GetInt64(17),
            ServerRunning = row.GetInt64(18),
            Remaining = row.GetInt64(19),
            Lapsed = row.GetBoolean(20),
        };
    }

    private static LeaseToken Token(NpgsqlDataReader row, int key, int token) => new(
        row.GetString(key), row.GetString(key + 1), row.GetString(key + 2), row.GetInt64(token), row.GetInt64(token + 1), row.GetGuid(token + 2));

    private GrantedBatch Grant(NpgsqlDataReader row, int from, LeaseToken token, long firstBlock, long endBlock, int key) => new()
    {
        Token = token,
        Target = row.GetString(from + 3),
        FirstBlock = firstBlock,
        EndBlock = endBlock,
        Statement = row.GetString(from + 4),
        Generation = row.GetInt64(from + 5),
        SystemIdentifier = row.GetInt64(from + 6),
        Timeline = row.GetString(from + 7),
        TriggerTable = row.GetString(from + 8),
        TriggerName = row.GetString(from + 9),
        Table = row.GetString(from + 10),
        Pause = row.IsDBNull(from + 11) ? TimeSpan.Zero : row.GetTimeSpan(from + 11),
        Handler = row.GetString(from + 12),
        Key = KeyOf(row.GetFieldValue<string[]>(key), row.GetFieldValue<string[]>(key + 1)),
        LeaseDuration = options.BatchLease,
        LockTimeout = options.BatchLockTimeout,
        StatementTimeout = options.BatchStatementTimeout,
    };

    private static bool IsSwept(NpgsqlDataReader row, int key) => row.GetInt64(key + 2) > 0;

    private static GrantedBatch Narrow(GrantedBatch batch, bool swept) =>
        swept ? batch with { Statement = BlockSweeps.Narrow(batch.Statement, batch.Token.Batch) } : batch;

    private static IReadOnlyList<KeyColumn> KeyOf(string[] columns, string[] types) =>
        columns.Length == 0 ? [] : [.. columns.Zip(types, static (name, type) => new KeyColumn(name, type))];

    private NpgsqlBatchCommand Backfills(string sql, AcquireRequest kind) => Command(
        sql, kind.Targets.ToArray(), kind.Migration, kind.Handlers.ToArray(), (long)options.ServerParallelism, options.TickGap);

    private static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }

    private static async Task<List<T>> ReadAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> map)
    {
        var rows = new List<T>();
        while (await reader.ReadAsync())
        {
            rows.Add(map(reader));
        }

        return rows;
    }

    /// <summary>What the first message read.</summary>
    /// <param name="Ours">The requests that nobody else is answering.</param>
    /// <param name="Sources">The backfills from which something may be granted.</param>
    /// <param name="Holders">The leases of the round's workers.</param>
    /// <param name="Repeated">The requests that were answered before, with those of their leases that still hold.</param>
    /// <param name="MigrationIsKnown">False when the requests name a migration that there is not.</param>
    private sealed record Look(
        HashSet<Guid> Ours,
        IReadOnlyList<GrantSource> Sources,
        IReadOnlyDictionary<(BackfillKey Backfill, string Worker), HeldLeases> Holders,
        IReadOnlyDictionary<Guid, IReadOnlyList<GrantedBatch>> Repeated,
        bool MigrationIsKnown);
}
