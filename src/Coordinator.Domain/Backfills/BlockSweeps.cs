using System.Globalization;
using Coordinator.Domain.Sql;

namespace Coordinator.Domain.Backfills;

/// <summary>
/// How a pass changes a whole table without making it twice as large: it goes over each part four times, in sweeps, and changes every
/// fourth row of a page each time. The old versions of one sweep are gone before the next comes by, since PostgreSQL prunes a page that
/// is read as soon as nobody can see them; so three sweeps of four find room beside the row and write no index (a heap-only tuple).
/// Measured with one session: heap growth by two fifths instead of all, two thirds of the WAL, 1.6 times the rows per second.
/// A row is in exactly one sweep. Where a sync trigger is in place, by its place on the page: a row that moves has been written, and then the
/// trigger has done what the sweep would do. Else by its key, with which it stays in its sweep whatever is written to it.
/// </summary>
public static class BlockSweeps
{
    /// <summary>How often each block is visited. Part of the meaning of stored batches, also in SQL: never another number.</summary>
    public const int Count = 4;

    // A cell is visited again four turns of four cells later: the batches of eight workers have ended by then, and nobody sees what the
    // first left behind. And that is 128 MiB, which is still in memory.
    private const long MostCellBlocks = 1024;

    // Fewer cells and the visits of one would come too close.
    private const long FewestCells = 16;

    // Two bits of a batch's number are the sweep.
    private const int SweepShift = 30;

    /// <summary>
    /// How many blocks a cell has. Each turn takes four cells, one for each sweep; no batch is larger than one. 0 where the table is
    /// gone over once: it has fewer blocks than <paramref name="from"/>, or more than 8 TiB.
    /// </summary>
    public static long CellOf(long totalBlocks, long from) => CellOf(totalBlocks, totalBlocks, from);

    /// <summary>The same for a table that is handed out by key: how many intervals between marks a cell has.</summary>
    /// <param name="intervals">How many there are.</param>
    /// <param name="tableBlocks">How many blocks of the table they lie in.</param>
    /// <param name="from">The fewest blocks of a table that is swept.</param>
    public static long CellOf(long intervals, long tableBlocks, long from) =>
        intervals == 0 || tableBlocks == 0 || tableBlocks < from || intervals > (1L << SweepShift) - MostCellBlocks
            ? 0
            : Math.Clamp(
                (long)((double)MostCellBlocks * intervals / tableBlocks), 1, Math.Min(MostCellBlocks, (intervals + FewestCells - 1) / FewestCells));

    /// <summary>How many blocks there are to hand out, each visit counted.</summary>
    public static long Visits(long totalBlocks, long cell) => cell == 0 ? totalBlocks : totalBlocks * Count;

    /// <summary>The length of what ranges are cut from: as <see cref="Visits"/>, but of whole cells. Nothing is handed out behind the table's end.</summary>
    public static long Span(long totalBlocks, long cell) => cell == 0 ? totalBlocks : (totalBlocks + cell - 1) / cell * cell * Count;

    /// <summary>The statement of one batch of a table that is swept: for the rows of its sweep only.</summary>
    /// <param name="statement">An UPDATE that ends with its condition, or <see cref="Plans.PlanStep.Backfill.SweptStatement"/>.</param>
    /// <param name="batch">The batch's number.</param>
    public static string Narrow(string statement, long batch)
    {
        // The last byte of a tid's wire form is the low byte of the row's number on its page.
        const string number = "pg_catalog.get_byte(pg_catalog.tidsend(ctid), 5)";
        var sweep = (batch >> SweepShift) % Count;
        return SweepPlaceholder.Fill(statement, sweep) ?? string.Create(
            CultureInfo.InvariantCulture,
            $"{statement} and ({number} operator(pg_catalog.%) {Count}) operator(pg_catalog.=) {sweep}");
    }
}
