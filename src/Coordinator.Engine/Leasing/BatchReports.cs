using Coordinator.Engine.Requests;
using Npgsql;
using NpgsqlTypes;

namespace Coordinator.Engine.Leasing;

/// <summary>
/// What workers report of their batches. Reports are believed for progress only; before a step ends, its batches are
/// compared with the target's ledger. All statements lock the rows in the order of their keys.
/// </summary>
internal sealed class BatchReports
{
    private const int MostPerRound = 100;

    private const string WakeUp = "mt_events_appended";

    // Given back by a worker that has nothing against the batch: the next one may have it at once.
    private static readonly string[] NoFailure = ["WORKER_STOPPING", "LEASE_EXPIRED", "SUPERSEDED"];

    // Nothing that passes by itself: counted apart, so that the backfill can stop instead of trying for ever.
    private static readonly string[] HardFailures = ["STATEMENT_FAILED", "CONFIGURATION_ERROR", "TOO_MANY_BAD_ROWS"];

    private readonly CoordinationDatabase _database;
    private readonly EngineOptions _options;
    private readonly Rounds<IReadOnlyCollection<BatchReceipt>, bool> _completions;

    public BatchReports(CoordinationDatabase database, EngineOptions options)
    {
        _database = database;
        _options = options;
        _completions = new(MostPerRound, CompleteAsync);
    }

    /// <summary>Extends leases that hold, and only those: a renewal that comes too late takes nothing back.</summary>
    public async Task<IReadOnlyList<LeaseToken>> RenewAsync(
        string worker, IReadOnlyCollection<LeaseToken> tokens, CancellationToken cancellationToken)
    {
        await using var command = _database.DataSource.CreateCommand(
            """
            with held as materialized (
                select b.migration, b.shard, b.step, b.batch
                from coordinator.backfill_batch b
                    join unnest($1, $2, $3, $4, $5, $6) as t(migration, shard, step, batch, epoch, lease_id)
                        using (migration, shard, step, batch)
                where b.epoch = t.epoch and b.lease_id = t.lease_id and b.holder = $7
                    and b.state = 0 and b.expires_at > clock_timestamp()
                order by b.migration, b.shard, b.step, b.batch
                for no key update of b
            )
            update coordinator.backfill_batch b
            set expires_at = greatest(b.expires_at, clock_timestamp() + $8)
            from held h
            where b.migration = h.migration and b.shard = h.shard and b.step = h.step and b.batch = h.batch
            returning b.migration, b.shard, b.step, b.batch, b.epoch, b.lease_id
            """);
        LeaseTokenColumns.Add(command.Parameters, tokens);
        command.Parameters.Add(new() { Value = worker });
        command.Parameters.Add(new() { Value = _options.BatchLease });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var renewed = new List<LeaseToken>();
        while (await reader.ReadAsync(cancellationToken))
        {
            renewed.Add(new LeaseToken(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetGuid(5)));
        }

        return renewed;
    }

    /// <summary>Records batches as committed, whoever holds them now: the effect is there.</summary>
    public Task CompleteAsync(IReadOnlyCollection<BatchReceipt> receipts, CancellationToken cancellationToken) =>
        _completions.AskAsync(receipts, cancellationToken);

    private async Task CompleteAsync(IReadOnlyList<Rounds<IReadOnlyCollection<BatchReceipt>, bool>.Caller> callers)
    {
        if (await TryCompleteAsync([.. callers.SelectMany(caller => caller.Request)]) is null)
        {
            foreach (var caller in callers)
            {
                caller.Answer(true);
            }

            return;
        }

        // What could be recorded is; told once more one by one, each hears of his own receipts.
        foreach (var caller in callers)
        {
            if (await TryCompleteAsync(caller.Request) is { } refused)
            {
                caller.Fail(refused);
            }
            else
            {
                caller.Answer(true);
            }
        }
    }

    /// <returns>Why one of the receipts is refused; null when none is.</returns>
    private async Task<EngineException?> TryCompleteAsync(IReadOnlyCollection<BatchReceipt> receipts)
    {
        await using var connection = await _database.DataSource.OpenConnectionAsync();
        // Two transactions in one message: whether anything is left is asked after this report is committed, so that of
        // two reports of the last two batches the later one sees both; and a NOTIFY delays no report's commit.
        await using var batch = new NpgsqlBatch(connection) { EnableErrorBarriers = true };
        batch.BatchCommands.Add(CompleteCommand(receipts));
        batch.BatchCommands.Add(WakeUpCommand(receipts));
        await using var reader = await batch.ExecuteReaderAsync();
        EngineException? refused = null;
        if (await reader.ReadAsync())
        {
            var migration = reader.GetString(0);
            refused = reader.GetBoolean(1) ? LeasingRejections.TargetMoved(migration) : LeasingRejections.BackfillNotFound(migration);
        }

        await reader.NextResultAsync();
        return refused;
    }

    /// <summary>
    /// Ends leases whose batches did not commit. After a failure the next grant waits a little, longer with each; it is
    /// under a higher epoch than any that was seen in the target.
    /// </summary>
    public async Task ReleaseAsync(
        string worker, IReadOnlyCollection<BatchRelease> releases, CancellationToken cancellationToken)
    {
        await RecordTimeoutsAsync(releases, cancellationToken);
        await RecordFullDiskAsync(releases, cancellationToken);
        // Without a holder: neither a late renewal nor a repeat of the request that got it finds it again.
        await using var command = _database.DataSource.CreateCommand(
            """
            with given as materialized (
                select b.migration, b.shard, b.step, b.batch, t.failed, t.failure, t.observed, t.hard
                from coordinator.backfill_batch b
                    join unnest($1, $2, $3, $4, $5, $6, $8, $9, $10, $11)
                        as t(migration, shard, step, batch, epoch, lease_id, failed, failure, observed, hard)
                        using (migration, shard, step, batch)
                where b.epoch = t.epoch and b.lease_id = t.lease_id and b.holder = $7 and b.state = 0
                order by b.migration, b.shard, b.step, b.batch
                for no key update of b
            )
            update coordinator.backfill_batch b
            set epoch = greatest(b.epoch, g.observed), holder = '',
                failures = b.failures + g.failed::integer, hard_failures = b.hard_failures + g.hard::integer,
                last_failure = case when g.failed then g.failure else b.last_failure end,
                expires_at = clock_timestamp() + g.failed::integer * interval '100 ms'
                    * least(300, power(2, least(b.failures, 10))) * (0.5 + random() / 2)
            from given g
            where b.migration = g.migration and b.shard = g.shard and b.step = g.step and b.batch = g.batch
            """);
        LeaseTokenColumns.Add(command.Parameters, releases.Select(release => release.Token).ToList());
        command.Parameters.Add(new() { Value = worker });
        command.Parameters.Add(new() { Value = releases.Select(release => !NoFailure.Contains(release.Reason)).ToArray() });
        command.Parameters.Add(new() { Value = releases.Select(Describe).ToArray() });
        command.Parameters.Add(new() { Value = releases.Select(release => Math.Max(release.ObservedEpoch, 0)).ToArray() });
        command.Parameters.Add(new() { Value = releases.Select(release => HardFailures.Contains(release.Reason)).ToArray() });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    // A batch that ran into its time limit took at least that long: the next ones have to be smaller.
    private async Task RecordTimeoutsAsync(IReadOnlyCollection<BatchRelease> releases, CancellationToken cancellationToken)
    {
        var cancelled = releases.Where(release => release.SqlState == PostgresErrorCodes.QueryCanceled).ToList();
        if (cancelled.Count == 0)
        {
            return;
        }

        await using var command = _database.DataSource.CreateCommand(
            """
            insert into coordinator.backfill_sample (migration, shard, step, slowest_ms, slowest_blocks)
            select b.migration, b.shard, b.step, $7, max(b.end_block - b.first_block)
            from coordinator.backfill_batch b
                join unnest($1, $2, $3, $4, $5, $6) as t(migration, shard, step, batch, epoch, lease_id)
                    using (migration, shard, step, batch)
            where b.epoch = t.epoch and b.lease_id = t.lease_id and b.state = 0
            group by b.migration, b.shard, b.step
            """);
        LeaseTokenColumns.Add(command.Parameters, cancelled.Select(release => release.Token).ToList());
        command.Parameters.Add(new() { Value = _options.BatchStatementTimeout.TotalMilliseconds });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    // The driver reads it at its next look, and says so.
    private async Task RecordFullDiskAsync(IReadOnlyCollection<BatchRelease> releases, CancellationToken cancellationToken)
    {
        var full = releases.Where(release => release.SqlState == PostgresErrorCodes.DiskFull).ToList();
        if (full.Count == 0)
        {
            return;
        }

        await using var command = _database.DataSource.CreateCommand(
            """
            update coordinator.backfill_pace p
            set disk_full_at = clock_timestamp(), disk_full = t.message
            from coordinator.backfill_batch b
                join unnest($1, $2, $3, $4, $5, $6, $7) as t(migration, shard, step, batch, epoch, lease_id, message)
                    using (migration, shard, step, batch)
            where b.epoch = t.epoch and b.lease_id = t.lease_id and b.state = 0
                and p.migration = b.migration and p.shard = b.shard and p.step = b.step
            """);
        LeaseTokenColumns.Add(command.Parameters, full.Select(release => release.Token).ToList());
        command.Parameters.Add(new() { Value = full.Select(release => LeasingInput.Clean(release.Message, 200)).ToArray() });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    // The backfill's row is locked against a change of the incarnation: when that is committed, no report from before it
    // is accepted any more.
    private static NpgsqlBatchCommand CompleteCommand(IReadOnlyCollection<BatchReceipt> receipts)
    {
        var command = new NpgsqlBatchCommand(
            """
            with told as materialized (
                select * from unnest($1, $2, $3, $4, $5, $6, $7, $8)
                    as t(migration, shard, step, batch, row_count, system_identifier, timeline, busy)
            ), backfill as materialized (
                select f.migration, f.shard, f.step, f.system_identifier, f.timeline
                from coordinator.backfill f
                where exists (select from told t where t.migration = f.migration and t.shard = f.shard and t.step = f.step)
                order by f.migration, f.shard, f.step
                for share of f
            ), judged as materialized (
                select t.*, f.migration is not null as known,
                    (f.system_identifier, f.timeline) is not distinct from (t.system_identifier, t.timeline) as current
                from told t left join backfill f using (migration, shard, step)
            ), reported as materialized (
                select b.migration, b.shard, b.step, b.batch, j.row_count, j.busy
                from coordinator.backfill_batch b join judged j using (migration, shard, step, batch)
                where j.current and b.state = 0
                order by b.migration, b.shard, b.step, b.batch
                for no key update of b
            ), done as (
                update coordinator.backfill_batch b set state = 1, row_count = r.row_count
                from reported r
                where b.migration = r.migration and b.shard = r.shard and b.step = r.step and b.batch = r.batch
                returning b.migration, b.shard, b.step, b.end_block - b.first_block as blocks, b.row_count, r.busy
            ), sampled as (
                insert into coordinator.backfill_sample
                    (migration, shard, step, blocks, rows, batches, timed_blocks, busy_ms, slowest_ms, slowest_blocks)
                select migration, shard, step, sum(blocks), sum(row_count), count(*),
                    coalesce(sum(blocks) filter (where busy is not null), 0), coalesce(sum(busy), 0), max(busy),
                    (array_agg(blocks order by busy desc) filter (where busy is not null))[1]
                from done
                group by migration, shard, step
            )
            select migration, known from judged where not current order by known limit 1
            """);
        AddBackfillColumns(command.Parameters, receipts);
        command.Parameters.Add(new() { Value = receipts.Select(receipt => receipt.Token.Batch).ToArray() });
        command.Parameters.Add(new() { Value = receipts.Select(receipt => Math.Max(receipt.RowCount, 0)).ToArray() });
        command.Parameters.Add(new() { Value = receipts.Select(receipt => receipt.SystemIdentifier).ToArray() });
        command.Parameters.Add(new() { Value = receipts.Select(receipt => LeasingInput.Clean(receipt.Timeline, 64)).ToArray() });
        command.Parameters.Add(new()
        {
            Value = receipts.Select(receipt => receipt.Elapsed is { } elapsed && elapsed >= TimeSpan.Zero
                ? elapsed.TotalMilliseconds
                : (double?)null).ToArray(),
        });
        return command;
    }

    private static NpgsqlBatchCommand WakeUpCommand(IReadOnlyCollection<BatchReceipt> receipts)
    {
        var command = new NpgsqlBatchCommand(
            """
            select pg_notify($4, '') where exists (
                select from coordinator.backfill f
                where (f.migration, f.shard, f.step) in (select * from unnest($1, $2, $3)) and f.state = 0
                    and not exists (select from coordinator.backfill_range r
                        where r.migration = f.migration and r.shard = f.shard and r.step = f.step and r.next_block < r.end_block)
                    and not exists (select from coordinator.backfill_batch b
                        where b.migration = f.migration and b.shard = f.shard and b.step = f.step and b.state = 0))
            """);
        AddBackfillColumns(command.Parameters, receipts);
        command.Parameters.Add(new() { Value = WakeUp });
        return command;
    }

    private static void AddBackfillColumns(NpgsqlParameterCollection parameters, IReadOnlyCollection<BatchReceipt> receipts)
    {
        parameters.Add(Texts(receipts.Select(receipt => receipt.Token.Migration)));
        parameters.Add(Texts(receipts.Select(receipt => receipt.Token.Shard)));
        parameters.Add(Texts(receipts.Select(receipt => receipt.Token.Step)));
    }

    private static NpgsqlParameter Texts(IEnumerable<string> values) =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text, Value = values.ToArray() };

    private static string Describe(BatchRelease release)
    {
        var state = release.SqlState.Length == 0 ? "" : $" ({LeasingInput.Clean(release.SqlState, 5)})";
        return $"{LeasingInput.Clean(release.Reason, 100)}{state}: {LeasingInput.Clean(release.Message)}";
    }
}
