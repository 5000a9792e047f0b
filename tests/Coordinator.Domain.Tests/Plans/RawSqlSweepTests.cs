using Coordinator.Domain.Catalog;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Tests.Plans;

/// <summary>Which of an operator's own statements go over their table in sweeps, by the rows' keys.</summary>
public class RawSqlSweepTests
{
    private const string Swept = "pg_catalog.int8eq(pg_catalog.int8and(pg_catalog.hash";

    [Fact]
    public void The_condition_of_a_sweep_stands_beside_that_of_the_range()
    {
        var step = Step("update review set stars = 1 where {range} and stars is null", RangeKind.Key);
        var condition = step.Statement["update review set stars = 1 where ".Length..^" and stars is null".Length];
        Assert.Equal(
            "update review set stars = 1 where "
            + $"({condition} and pg_catalog.int8eq(pg_catalog.int8and(pg_catalog.hashint8extended(\"id\", 0), 3), {{sweep}})) and stars is null",
            step.SweptStatement);
    }

    [Fact]
    public void A_key_that_is_not_one_number_is_hashed_as_a_row()
    {
        var table = Samples.ReviewTable with { Indexes = [Samples.ReviewTable.Indexes[0] with { Keys = [new IndexColumnInfo("id"), new IndexColumnInfo("part")] }] };
        var step = Step("update review r set stars = 1 where {range r}", RangeKind.Key, table with
        {
            Columns = [.. table.Columns, new ColumnInfo { Name = "part", Type = "date", NotNull = true }],
        });
        Assert.Contains("pg_catalog.hash_record_extended(row(r.\"id\", r.\"part\"), 0)", step.SweptStatement, StringComparison.Ordinal);
    }

    [Fact]
    public void By_blocks_the_primary_key_says_which_sweep_a_row_is_in()
    {
        const string sql = "update review set stars = 1 where {range}";
        var step = Step(sql, RangeKind.Blocks);
        Assert.Null(step.Key);
        Assert.Contains($"((ctid >= $1 and ctid < $2) and {Swept}int8extended(\"id\", 0)", step.SweptStatement, StringComparison.Ordinal);
        Assert.Null(Step(sql, RangeKind.Blocks, Samples.ReviewTable with { Indexes = [] }).SweptStatement);
    }

    [Theory]
    [InlineData("update only public.review as r set stars = r.id, (\"comment\") = ('x') from other where {range r} and other.id = r.id")]
    [InlineData("UPDATE \"review\" SET stars = (select max(indexed) from other where other.indexed = 1) WHERE {range} returning id")]
    [InlineData("/* review */ update review set stars = 1, comment = case when indexed = 2 then 'a' end where {range} and indexed > 0")]
    public void What_writes_no_index_is_swept(string sql) => Assert.Contains(Swept, Step(sql).SweptStatement, StringComparison.Ordinal);

    [Theory]
    [InlineData("update review set stars = 1, indexed = 2 where {range}")]
    [InlineData("update review set \"indexed\" = 2 where {range}")]
    [InlineData("update review set (stars, Indexed) = (select 1, 2) where {range}")]
    [InlineData("update review set indexed[1] = 2 where {range}")]
    [InlineData("update review set expressed = 2 where {range}")]
    [InlineData("update other set stars = 1 from review r where {range r} and other.id = r.id")]
    [InlineData("update elsewhere.review set stars = 1 where {range}")]
    [InlineData("insert into other select id from review where {range} for key share on conflict (id) do update set stars = 1")]
    public void What_gains_nothing_by_it_is_not(string sql) => Assert.Null(Step(sql).SweptStatement);

    [Fact]
    public void A_handler_is_not() => Assert.Null(
        Samples.Plan(Samples.Raw with { Backfill = new RawBackfill("review", null, null, Handler: "fill") })
            .Steps.OfType<PlanStep.Backfill>().Single().SweptStatement);

    private static PlanStep.Backfill Step(string sql, RangeKind? by = null, TableInfo? table = null)
    {
        var found = table ?? Samples.ReviewTable with
        {
            Columns =
            [
                .. Samples.ReviewTable.Columns,
                new ColumnInfo { Name = "indexed", Type = "integer" },
                new ColumnInfo { Name = "expressed", Type = "integer" },
            ],
            Indexes =
            [
                .. Samples.ReviewTable.Indexes,
                new IndexInfo { Name = "a", Definition = "CREATE INDEX a ON public.review USING btree (indexed)", Keys = [new IndexColumnInfo("indexed")] },
                new IndexInfo
                {
                    Name = "b",
                    Definition = "CREATE INDEX b ON public.review USING btree (id) WHERE (abs(expressed) > 1)",
                    Keys = [new IndexColumnInfo("id")],
                    HasPredicate = true,
                },
            ],
        };
        var raw = Samples.Raw with { Backfill = new RawBackfill("review", sql, null, By: by) };
        return Samples.Compiled(Samples.Spec(raw), found).Steps.OfType<PlanStep.Backfill>().Single();
    }
}
