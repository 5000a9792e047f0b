using Coordinator.EventStore.Schema;
using Npgsql;
using NpgsqlTypes;

namespace Coordinator.EventStore.Reading;

/// <summary>
/// Finds the mark below which the log is complete for ever. Sequence numbers are drawn before the commit, so a missing
/// number is either one that will still appear or one that was burnt by a transaction that failed; reading past the
/// first kind loses an event. Only marks that are proven are recorded, so several replicas may do this at once.
/// </summary>
internal sealed class HighWaterDetector(NpgsqlDataSource dataSource, SchemaName schema)
{
    private const int ScanLimit = 10_000;
    private const string EmptyArray = "{}";

    private readonly string _scan = $"""
        with base as materialized (
            select coalesce((select last_seq_id from {schema}.mt_event_progression where name = 'HighWaterMark'), 0) as mark),
        numbers as (
            select e.seq_id, lag(e.seq_id, 1, (select mark from base)) over (order by e.seq_id) as before
              from {schema}.mt_events e
             where e.seq_id > (select mark from base)
             order by e.seq_id
             limit {ScanLimit})
        select (select mark from base),
               coalesce(max(seq_id), (select mark from base)),
               count(*) = {ScanLimit},
               coalesce(array_agg(before + 1 order by seq_id) filter (where seq_id > before + 1), '{EmptyArray}'),
               coalesce(array_agg(seq_id - 1 order by seq_id) filter (where seq_id > before + 1), '{EmptyArray}'),
               pg_snapshot_xmin(pg_current_snapshot()),
               pg_snapshot_xmax(pg_current_snapshot())
          from numbers
        """;

    private readonly string _holders = $"""
        select coalesce(array_agg(distinct virtualtransaction), '{EmptyArray}')
          from pg_locks
         where locktype = 'relation' and relation = {schema.Regclass("mt_events_sequence")}::regclass
           and database = (select oid from pg_database where datname = current_database())
        """;

    private readonly string _record = $"""
        insert into {schema}.mt_event_progression (name, last_seq_id, last_updated)
        values ('HighWaterMark', $1, transaction_timestamp())
        on conflict (name) do update set last_seq_id = excluded.last_seq_id, last_updated = excluded.last_updated
         where {schema}.mt_event_progression.last_seq_id is null
            or {schema}.mt_event_progression.last_seq_id < excluded.last_seq_id
        """;

    private readonly string _recordSkips = $"""
        insert into {schema}.mt_high_water_skips (ending_sequence, starting_sequence, "timestamp")
        select ending, starting, transaction_timestamp() from unnest($1::bigint[], $2::bigint[]) as g (ending, starting)
        on conflict (ending_sequence) do nothing
        """;

    // Any sighting is a valid one, so concurrent callers may overwrite each other's: it costs a look, never an event.
    private volatile GapSighting? _sighting;

    public async Task<long> DetectAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var scan = await ScanAsync(cancellationToken);
            var mark = scan.Contiguous;
            IReadOnlyList<SequenceGap> burnt = [];
            if (scan.Gaps.Count > 0)
            {
                (scan, burnt) = await LookAtGapsAsync(cancellationToken);
                mark = MarkBeyond(scan, burnt.Count);
            }

            if (mark > scan.Mark)
            {
                await RecordAsync(mark, burnt, cancellationToken);
            }

            if (!scan.IsFull || mark == scan.Mark)
            {
                return mark;
            }
        }
    }

    private static long MarkBeyond(SequenceScan scan, int passed) =>
        passed == scan.Gaps.Count ? scan.Highest : scan.Gaps[passed].Start - 1;

    /// <summary>
    /// The gaps that may be passed now. The first look only remembers the moment and is followed by one more at once:
    /// with nothing running a burnt number delays nobody.
    /// </summary>
    private async Task<(SequenceScan Scan, IReadOnlyList<SequenceGap> Burnt)> LookAtGapsAsync(
        CancellationToken cancellationToken)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            var sighting = _sighting;
            var (holdersBefore, scan, holdersAfter) = await LookAsync(cancellationToken);
            if (scan.Gaps.Count == 0)
            {
                _sighting = null;
                return (scan, []);
            }

            if (sighting is null || sighting.Below < scan.Gaps[0].Start)
            {
                _sighting = new GapSighting(scan.Highest, scan.NextTransaction, holdersAfter);
            }
            else if (sighting.HasEnded(scan.OldestRunning, holdersBefore))
            {
                _sighting = null;
                return (scan, [.. scan.Gaps.TakeWhile(g => g.End < sighting.Below)]);
            }

            if (!isFirst)
            {
                return (scan, []);
            }
        }
    }

    private async Task<SequenceScan> ScanAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(_scan);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return ReadScan(reader);
    }

    /// <summary>
    /// One message, three statements with a snapshot each. Holders that are gone before the scan have committed what the
    /// scan then sees; holders for a new sighting are those that are there after it.
    /// </summary>
    private async Task<(HashSet<string> Before, SequenceScan Scan, HashSet<string> After)> LookAsync(
        CancellationToken cancellationToken)
    {
        await using var batch = dataSource.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_holders));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_scan));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_holders));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var before = await ReadHoldersAsync(reader, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var scan = ReadScan(reader);
        await reader.NextResultAsync(cancellationToken);
        return (before, scan, await ReadHoldersAsync(reader, cancellationToken));
    }

    private async Task RecordAsync(long mark, IReadOnlyList<SequenceGap> burnt, CancellationToken cancellationToken)
    {
        await using var batch = dataSource.CreateBatch();
        if (burnt.Count > 0)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(_recordSkips)
            {
                Parameters =
                {
                    SqlParameter.Array(burnt.Select(g => g.End), NpgsqlDbType.Bigint),
                    SqlParameter.Array(burnt.Select(g => g.Start), NpgsqlDbType.Bigint),
                },
            });
        }

        batch.BatchCommands.Add(new NpgsqlBatchCommand(_record) { Parameters = { SqlParameter.Number(mark) } });
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<HashSet<string>> ReadHoldersAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        await reader.ReadAsync(cancellationToken);
        return [.. await reader.GetFieldValueAsync<string[]>(0, cancellationToken)];
    }

    private static SequenceScan ReadScan(NpgsqlDataReader reader)
    {
        var starts = reader.GetFieldValue<long[]>(3);
        var ends = reader.GetFieldValue<long[]>(4);
        return new SequenceScan(
            reader.GetInt64(0),
            reader.GetInt64(1),
            reader.GetBoolean(2),
            [.. starts.Zip(ends, (start, end) => new SequenceGap(start, end))],
            reader.GetFieldValue<ulong>(5),
            reader.GetFieldValue<ulong>(6));
    }
}
