using System.Globalization;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Driving;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Ranges;
using Coordinator.Postgres.Verification;
using Npgsql;
using NpgsqlTypes;

namespace Coordinator.Engine.Verification;

/// <summary>
/// What a verify step has to read on one shard, cut into ranges: those of each leaf of a partitioned table, and one for a query
/// of the operator's own that has no {range}. Whatever a range finds it looks at again after a moment.
/// </summary>
/// <param name="migration">The migration.</param>
/// <param name="shard">The shard.</param>
/// <param name="step">The step.</param>
/// <param name="repair">Brings rows in sync that both looks found wrong, so that only what is left counts; null to leave them.</param>
/// <param name="secondLook">How long after the first look the second comes.</param>
/// <param name="time">For that.</param>
internal sealed class VerificationRanges(
    string migration, TargetShard shard, PlanStep.Verify step, StepRepair? repair, TimeSpan secondLook, TimeProvider time)
{
    // 50,000 rows at a time.
    private const int MarksPerRange = 100;

    private readonly List<(TableRef Table, TableScan Scan)> _scans = [];
    private IReadOnlyList<string[]> _marks = [];
    private long _blocks;

    /// <summary>Measures the tables.</summary>
    /// <returns>Their blocks.</returns>
    /// <exception cref="TableVanishedException">The step's table is not there.</exception>
    public async Task<long> MeasureAsync(CancellationToken cancellationToken)
    {
        if (step.MarksOf is { } backfill)
        {
            _marks = await KeyMarks.ReadAsync(shard.DataSource, migration, backfill, MarksPerRange, cancellationToken);
        }

        if (step.Disagree is not { } disagree)
        {
            return _blocks = await TableScan.BlocksAsync(shard.DataSource, Name(step.Table), cancellationToken)
                ?? throw new TableVanishedException(step.Table);
        }

        IReadOnlyList<TableRef> tables = step.PerPartition ? await Partitions.OfAsync(shard, step.Table, cancellationToken) : [step.Table];
        foreach (var table in tables)
        {
            if (await TableScan.OpenAsync(shard.DataSource, Name(table), disagree, migration, cancellationToken) is { } scan)
            {
                _scans.Add((table, scan));
            }
            else if (!step.PerPartition)
            {
                throw new TableVanishedException(table);
            }
        }

        return _blocks = _scans.Sum(scan => scan.Scan.Blocks);
    }

    /// <summary>The ranges, of the tables one after the other.</summary>
    public IEnumerable<VerificationRange> All() =>
        step.Disagree is not null ? _scans.SelectMany(scan => Of(scan.Table, scan.Scan))
        : step.CountQuery is not { } query ? []
        : step.MarksOf is not null ? CountedByKey(query)
        : step.CountsRange ? Counted(query)
        : [new VerificationRange(step.Table, _blocks, token => TwiceAsync(query, [], token))];

    private IEnumerable<VerificationRange> Of(TableRef table, TableScan scan)
    {
        for (long lo = 0; lo < scan.Blocks; lo += TableScan.BlocksPerRange)
        {
            var (from, upto) = (lo, Math.Min(scan.Blocks, lo + TableScan.BlocksPerRange));
            yield return new VerificationRange(table, upto - from, token => LookAsync(table, scan, from, upto, token));
        }
    }

    // The last one is open: the query may count in a table that is larger than the one that was measured.
    private IEnumerable<VerificationRange> Counted(string query)
    {
        long lo = 0;
        do
        {
            var (from, upto) = ((uint)lo, Math.Min(_blocks, lo + TableScan.BlocksPerRange));
            var end = upto >= _blocks ? uint.MaxValue : (uint)upto;
            yield return new VerificationRange(step.Table, upto - lo, token => TwiceAsync(query, [Place(from), Place(end)], token));
            lo = upto;
        }
        while (lo < _blocks);
    }

    // The marks of the backfill: a row can't get past this in a range that was read, as it can in blocks. The last one is open here too.
    private IEnumerable<VerificationRange> CountedByKey(string query)
    {
        for (var range = 0; range <= _marks.Count; range++)
        {
            var (lower, upper) = (range == 0 ? null : _marks[range - 1], range == _marks.Count ? null : _marks[range]);
            // Its share of the table, so that what is told is blocks in any case.
            var blocks = (_blocks * (range + 1) / (_marks.Count + 1)) - (_blocks * range / (_marks.Count + 1));
            yield return new VerificationRange(step.Table, blocks, token => TwiceAsync(query, [Key(lower), Key(upper)], token));
        }
    }

    private async Task<DisagreementReport> LookAsync(
        TableRef table, TableScan scan, long lo, long hi, CancellationToken cancellationToken)
    {
        try
        {
            var suspects = await scan.LookAsync(lo, hi, cancellationToken);
            if (suspects.AreNone)
            {
                return DisagreementReport.None;
            }

            await Task.Delay(secondLook, time, cancellationToken);
            if (repair is not null)
            {
                suspects = await RepairAsync(repair, table, scan, suspects, cancellationToken);
            }

            return await scan.LookAgainAsync(suspects, cancellationToken);
        }
        catch (PostgresException gone) when (gone.SqlState == PostgresErrorCodes.UndefinedTable && step.PerPartition)
        {
            // The partition was dropped, or moved: then the evidence has changed as well, and the pass begins anew.
            return DisagreementReport.None;
        }
    }

    // As many rows at a time as are remembered, for as long as that makes them fewer.
    private async Task<SuspectRows> RepairAsync(
        StepRepair repair, TableRef table, TableScan scan, SuspectRows suspects, CancellationToken cancellationToken)
    {
        while (true)
        {
            var rows = await scan.StillWrongAsync(suspects, cancellationToken);
            var repaired = await repair.RunAsync(shard, table, rows, cancellationToken);
            if (repaired == 0 || !suspects.TooMany)
            {
                return suspects;
            }

            suspects = await scan.LookAsync(suspects.Lo, suspects.Hi, cancellationToken);
        }
    }

    // Which rows a query counted can't be told: of both looks, what both saw.
    private async Task<DisagreementReport> TwiceAsync(
        string query, IReadOnlyList<(object? Value, NpgsqlDbType Type)> bounds, CancellationToken cancellationToken)
    {
        var first = await CountAsync(query, bounds, cancellationToken);
        if (first == 0)
        {
            return DisagreementReport.None;
        }

        await Task.Delay(secondLook, time, cancellationToken);
        return new DisagreementReport(Math.Min(first, await CountAsync(query, bounds, cancellationToken)), []);
    }

    private async Task<long> CountAsync(
        string query, IReadOnlyList<(object? Value, NpgsqlDbType Type)> bounds, CancellationToken cancellationToken)
    {
        await using var connection = await shard.DataSource.OpenConnectionAsync(cancellationToken);
        // The operator's own query: it may read and nothing else.
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var readOnly = new NpgsqlCommand("set transaction read only", connection))
        {
            await readOnly.ExecuteNonQueryAsync(cancellationToken);
        }

#pragma warning disable CA2100 // SQL comes only from operators; it was checked by the target's parser when it was planned.
        await using var count = new NpgsqlCommand(query, connection);
#pragma warning restore CA2100
        // As long as the table is large; the token ends it.
        count.CommandTimeout = 0;
        foreach (var (value, type) in bounds)
        {
            count.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value, NpgsqlDbType = type });
        }

        return Convert.ToInt64(await count.ExecuteScalarAsync(cancellationToken), CultureInfo.InvariantCulture);
    }

    private static (object? Value, NpgsqlDbType Type) Place(uint block) => (new NpgsqlTid(block, 0), NpgsqlDbType.Tid);

    private static (object? Value, NpgsqlDbType Type) Key(string[]? key) => (key, NpgsqlDbType.Array | NpgsqlDbType.Text);

    private static TableName Name(TableRef table) => new(table.Schema, table.Name);
}
