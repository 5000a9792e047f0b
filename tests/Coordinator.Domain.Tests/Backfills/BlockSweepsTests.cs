using Coordinator.Domain.Backfills;

namespace Coordinator.Domain.Tests.Backfills;

public class BlockSweepsTests
{
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(2047, 2048, 0)]
    [InlineData(2048, 2048, 128)]
    [InlineData(2049, 2048, 129)]
    [InlineData(1_000_000, 2048, 1024)]
    [InlineData((1L << 30) - 1024, 2048, 1024)]
    [InlineData((1L << 30) - 1023, 2048, 0)]
    public void A_table_has_sixteen_cells_or_more_unless_it_is_small_or_too_large(long blocks, long from, long cell) =>
        Assert.Equal(cell, BlockSweeps.CellOf(blocks, from));

    /// <summary>As much of the table as a cell of blocks.</summary>
    [Theory]
    [InlineData(0, 5000, 0)]
    [InlineData(10_000, 0, 0)]
    [InlineData(10_000, 2047, 0)]
    [InlineData(10_000, 80_000, 128)]
    [InlineData(100_000, 800_000, 128)]
    [InlineData(10_000, 2048, 625)]
    [InlineData(100_000, 2048, 1024)]
    [InlineData(10, 5000, 1)]
    public void A_cell_of_intervals_is_as_much_of_the_table(long intervals, long tableBlocks, long cell) =>
        Assert.Equal(cell, BlockSweeps.CellOf(intervals, tableBlocks, from: 2048));

    [Theory]
    [InlineData(100, 0, 100, 100)]
    [InlineData(100, 10, 400, 400)]
    [InlineData(101, 10, 404, 440)]
    [InlineData(0, 0, 0, 0)]
    public void Each_block_is_visited_as_often_as_there_are_sweeps(long blocks, long cell, long visits, long span) =>
        Assert.Equal((visits, span), (BlockSweeps.Visits(blocks, cell), BlockSweeps.Span(blocks, cell)));

    /// <summary>The largest number fits into the 32 bits that a pass leaves, as do all visits.</summary>
    [Fact]
    public void The_largest_table_that_is_swept_fits()
    {
        const long largest = (1L << 30) - 1024;
        Assert.True(BlockSweeps.Span(largest, 1024) <= uint.MaxValue);
        Assert.Equal(7, ((7L << 32) + (3L << 30) + largest) >> 32);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    public void A_batch_changes_the_rows_of_its_sweep(long sweep, int expected)
    {
        var statement = BlockSweeps.Narrow("update t set n = o where ctid >= $1 and ctid < $2 and n is null", (9L << 32) + (sweep << 30) + 4711);

        Assert.Equal(
            "update t set n = o where ctid >= $1 and ctid < $2 and n is null "
            + $"and (pg_catalog.get_byte(pg_catalog.tidsend(ctid), 5) operator(pg_catalog.%) 4) operator(pg_catalog.=) {expected}",
            statement);
    }

    [Theory]
    [InlineData("update t set n = 1 where ({sweep} = 2) returning 1", "update t set n = 1 where (3 = 2) returning 1")]
    [InlineData("update t set n = '{sweep}' where {sweep}", "update t set n = '{sweep}' where 3")]
    [InlineData(
        "update t set n = '{sweep}', \"{sweep}\" = 2 where true",
        "update t set n = '{sweep}', \"{sweep}\" = 2 where true and (pg_catalog.get_byte(pg_catalog.tidsend(ctid), 5) operator(pg_catalog.%) 4) operator(pg_catalog.=) 3")]
    public void A_sweep_stands_where_its_place_is_and_else_at_the_end(string statement, string expected) =>
        Assert.Equal(expected, BlockSweeps.Narrow(statement, 3L << 30));
}
