using Coordinator.Domain;
using Npgsql;

namespace Coordinator.Engine.Leasing;

/// <summary>
/// Grants batches: first those whose lease ran out, under the next epoch, then new ones, carved off the front of the
/// ranges. Everything is decided in one statement, so a batch is either carved, with a row and a lease, or still part
/// of its range; nobody waits for a lock, and a lost answer only costs the time until the leases end.
/// </summary>
internal sealed class BatchGrants(CoordinationDatabase database, EngineOptions options)
{
    // The same request may be running on another replica, or all work may be locked by others for the length of a
    // commit; a round trip later that is over. A worker that gets nothing asks again anyway.
    private const int MostAttempts = 5;

    private const string RequestBusy = "CO106";

    public async Task<IReadOnlyList<GrantedBatch>> AcquireAsync(
        AcquireRequest request, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var answer = await TryAcquireAsync(request, cancellationToken);
                if (answer.Granted.Count > 0 || !answer.WorkWasLocked || attempt == MostAttempts)
                {
                    return answer.Granted;
                }
            }
            catch (PostgresException exception) when (exception.SqlState == RequestBusy)
            {
                if (attempt == MostAttempts)
                {
                    throw new EngineException(new Rejection(
                        "REQUEST_IN_PROGRESS",
                        "The same request is being answered right now.",
                        "Send it again with the same id in a moment.",
                        Kind: RejectionKind.Aborted));
                }
            }
        }
    }

    private async Task<Answer> TryAcquireAsync(AcquireRequest request, CancellationToken cancellationToken)
    {
        await using var batch = database.DataSource.CreateBatch();
        batch.BatchCommands.Add(RequestLockCommand(request));
        batch.BatchCommands.Add(GrantCommand(request));
        batch.BatchCommands.Add(RemainderCommand(request));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var granted = new List<GrantedBatch>();
        while (await reader.ReadAsync(cancellationToken))
        {
            granted.Add(Read(reader));
        }

        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        if (!reader.GetBoolean(1))
        {
            throw LeasingRejections.BackfillNotFound(request.Migration);
        }

        return new Answer(granted, WorkWasLocked: reader.GetBoolean(0));
    }

    // In a statement of its own: the next one's snapshot must see what the holder of this lock committed.
    private static NpgsqlBatchCommand RequestLockCommand(AcquireRequest request) => new(
        """
        select coordinator.require_command(
            pg_try_advisory_xact_lock(hashtextextended('coordinator/acquire/' || $1::text, 0)), $2, 'the same request is running')
        """)
    {
        Parameters = { new() { Value = request.RequestId }, new() { Value = RequestBusy } },
    };

    private NpgsqlBatchCommand GrantCommand(AcquireRequest request) => new(GrantSql)
    {
        Parameters =
        {
            new() { Value = request.Worker },
            new() { Value = request.Targets.ToArray() },
            new() { Value = request.Migration },
            new() { Value = (long)request.Max },
            new() { Value = request.RequestId },
            new() { Value = options.BatchLease },
            new() { Value = options.TickGap },
        },
    };

    // A lease that seems to have run out while no replica was running is left alone until the first tick has given the time back.
    // The bound in generate_series keeps a range of a million batches from being listed.
    private const string GrantSql =
        """
        with eligible as (
            select * from coordinator.backfill
            where state = 0 and target = any($2) and ($3 = '' or migration = $3)
        ), first_time as materialized (
            select not exists (select from coordinator.backfill_batch where request_id = $5) as yes
        ), repeated as (
            select b.* from coordinator.backfill_batch b
            where b.request_id = $5 and b.holder = $1 and b.state = 0 and b.expires_at > clock_timestamp()
        ), lapsed as materialized (
            select b.migration, b.shard, b.step, b.batch
            from coordinator.backfill_batch b join eligible e using (migration, shard, step)
            where b.state = 0 and b.expires_at <= clock_timestamp() and b.batch >= e.pass::bigint << 32
                and (select yes from first_time)
                and not exists (select from coordinator.service_tick where ticked_at < clock_timestamp() - $7)
            order by b.migration, b.shard, b.step, b.batch
            limit $4
            for update of b skip locked
        ), taken as (
            update coordinator.backfill_batch b
            set epoch = b.epoch + 1, lease_id = gen_random_uuid(), holder = $1, request_id = $5,
                granted_at = clock_timestamp(), expires_at = clock_timestamp() + $6,
                takeovers = b.takeovers + (b.holder <> '')::integer
            from lapsed l
            where b.migration = l.migration and b.shard = l.shard and b.step = l.step and b.batch = l.batch
            returning b.*
        ), open_range as materialized (
            select r.migration, r.shard, r.step, r.range, r.next_block, r.end_block, e.batch_blocks, e.pass
            from coordinator.backfill_range r join eligible e using (migration, shard, step)
            where r.next_block < r.end_block and r.pass = e.pass
                and (select yes from first_time) and (select count(*) from taken) < $4
            order by r.migration, r.shard, r.step, r.range
            limit 2
            for update of r skip locked
        ), cut as materialized (
            select o.*, first_block, least(first_block + o.batch_blocks, o.end_block) as upto
            from open_range o cross join lateral generate_series(
                o.next_block, least(o.end_block, o.next_block + o.batch_blocks * $4) - 1, o.batch_blocks) as first_block
            order by o.migration, o.shard, o.step, o.range, first_block
            limit greatest($4 - (select count(*) from taken), 0)
        ), shortened as (
            update coordinator.backfill_range r set next_block = c.upto
            from (select migration, shard, step, range, max(upto) as upto from cut group by 1, 2, 3, 4) c
            where r.migration = c.migration and r.shard = c.shard and r.step = c.step and r.range = c.range
        ), carved as (
            insert into coordinator.backfill_batch as b
                (migration, shard, step, batch, first_block, end_block, epoch, lease_id, holder, request_id, expires_at)
            select migration, shard, step, (pass::bigint << 32) + first_block, first_block, upto, 1, gen_random_uuid(), $1, $5,
                clock_timestamp() + $6
            from cut
            returning b.*
        )
        select e.migration, e.shard, e.step, g.batch, g.epoch, g.lease_id, e.target, g.first_block, g.end_block, e.statement,
            e.generation, e.system_identifier, e.timeline, e.trigger_table, e.trigger_name, e.filled_table
        from (select * from taken union all select * from carved union all select * from repeated) g
            join eligible e using (migration, shard, step)
        order by 1, 2, 3, 4
        """;

    // By its own snapshot, after the grant: work that is there and was not granted was locked by somebody else.
    private static NpgsqlBatchCommand RemainderCommand(AcquireRequest request) => new(
        """
        select
            exists (select from coordinator.backfill f
                where f.state = 0 and f.target = any($1) and ($2 = '' or f.migration = $2)
                    and exists (select from coordinator.backfill_range r
                        where r.migration = f.migration and r.shard = f.shard and r.step = f.step
                            and r.pass = f.pass and r.next_block < r.end_block)),
            $2 = '' or exists (select from coordinator.migration where name = $2)
                or exists (select from coordinator.backfill where migration = $2)
        """)
    {
        Parameters = { new() { Value = request.Targets.ToArray() }, new() { Value = request.Migration } },
    };

    private GrantedBatch Read(NpgsqlDataReader reader) => new()
    {
        Token = new LeaseToken(
            reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetGuid(5)),
        Target = reader.GetString(6),
        FirstBlock = reader.GetInt64(7),
        EndBlock = reader.GetInt64(8),
        Statement = reader.GetString(9),
        Generation = reader.GetInt64(10),
        SystemIdentifier = reader.GetInt64(11),
        Timeline = reader.GetString(12),
        TriggerTable = reader.GetString(13),
        TriggerName = reader.GetString(14),
        Table = reader.GetString(15),
        LeaseDuration = options.BatchLease,
        LockTimeout = options.BatchLockTimeout,
        StatementTimeout = options.BatchStatementTimeout,
    };

    private sealed record Answer(IReadOnlyList<GrantedBatch> Granted, bool WorkWasLocked);
}
