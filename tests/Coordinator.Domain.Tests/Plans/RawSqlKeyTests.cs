using Coordinator.Domain.Catalog;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Tests.Plans;

/// <summary>By what the rows of an operator's backfill are handed out: by a key that fits, or by blocks, with what that means.</summary>
public class RawSqlKeyTests
{
    private static readonly TableInfo Table = Samples.ReviewTable with
    {
        Columns =
        [
            .. Samples.ReviewTable.Columns,
            new ColumnInfo { Name = "tenant", Type = "uuid", NotNull = true },
            new ColumnInfo { Name = "code", Type = "character varying(20)", NotNull = true },
            new ColumnInfo { Name = "at", Type = "timestamp(3) with time zone", NotNull = true },
            new ColumnInfo { Name = "maybe", Type = "integer" },
            new ColumnInfo { Name = "weight", Type = "double precision", NotNull = true },
        ],
        Indexes =
        [
            .. Samples.ReviewTable.Indexes,
            Unique("tenant", "code"),
            Unique("at"),
            Unique("maybe"),
            Unique("weight"),
            Unique("code") with { OrderProblem = "collation x is version 1 by now" },
            Unique("stars") with { IsUnique = false },
            Unique("id", "at") with { HasPredicate = true },
            Unique("at", "id") with { Keys = [new IndexColumnInfo("at", "desc"), new IndexColumnInfo("id")] },
        ],
    };

    [Fact]
    public void Rows_are_handed_out_by_the_primary_key_where_nothing_else_is_said()
    {
        var plan = Samples.Plan(Samples.Raw);
        Assert.Equal([new KeyColumn("id", "int8")], Backfill(plan).Key);
        Assert.DoesNotContain(plan.Warnings, static w => w.Contains("blocks of the table", StringComparison.Ordinal));
    }

    [Fact]
    public void Another_unique_key_may_be_named()
    {
        var plan = Samples.Compiled(Samples.Spec(With(["tenant", "code"])), Table);
        Assert.Equal([new KeyColumn("tenant", "uuid"), new KeyColumn("code", "text")], Backfill(plan).Key);
        Assert.Contains(
            """("tenant", "code") <= (($2)[1]::pg_catalog.uuid, ($2)[2]::pg_catalog.text)""", Backfill(plan).Statement, StringComparison.Ordinal);
        Assert.Equal([new KeyColumn("at", "timestamptz")], Backfill(Samples.Compiled(Samples.Spec(With(["at"])), Table)).Key);
    }

    [Theory]
    [InlineData("nothing", "RANGE_KEY_COLUMN")]
    [InlineData("stars", "RANGE_KEY_NOT_UNIQUE")]
    [InlineData("code,tenant", "RANGE_KEY_NOT_UNIQUE")]
    [InlineData("tenant", "RANGE_KEY_NOT_UNIQUE")]
    [InlineData("id,at", "RANGE_KEY_NOT_UNIQUE")]
    [InlineData("at,id", "RANGE_KEY_NOT_UNIQUE")]
    [InlineData("maybe", "RANGE_KEY_NULLABLE")]
    [InlineData("weight", "RANGE_KEY_TYPE")]
    [InlineData("code", "RANGE_KEY_ORDER")]
    public void A_key_that_is_none_is_refused(string columns, string code)
    {
        var error = Assert.Single(Samples.Refused(Samples.Spec(With(columns.Split(','))), Table));
        Assert.Equal(("operations[0].raw_sql.backfill.key", code), (error.Place, error.Code));
    }

    [Fact]
    public void A_key_and_blocks_contradict_each_other()
    {
        var raw = Samples.Raw with { Backfill = Samples.Raw.Backfill! with { By = RangeKind.Blocks, Key = ["id"] } };
        Assert.Equal("RANGE_KEY_UNUSED", Assert.Single(SpecValidator.Validate(Samples.Spec(raw))).Code);
        var twice = Samples.Raw with { Backfill = Samples.Raw.Backfill! with { Key = ["id", "id"] } };
        Assert.Equal("RANGE_KEY_COLUMN", Assert.Single(SpecValidator.Validate(Samples.Spec(twice))).Code);
    }

    [Fact]
    public void Without_a_key_blocks_are_taken_with_a_warning_that_says_what_is_missed()
    {
        var plan = Samples.Compiled(Samples.Spec(Samples.Raw), Table with { Indexes = [] });
        Assert.Null(Backfill(plan).Key);
        Assert.Contains(
            plan.Warnings,
            static w => w.Contains("because table public.review has no primary key", StringComparison.Ordinal)
                && w.Contains("is missed for ever", StringComparison.Ordinal));

        var asked = Samples.Raw with { Backfill = Samples.Raw.Backfill! with { By = RangeKind.Key } };
        var error = Assert.Single(Samples.Refused(Samples.Spec(asked), Table with { Indexes = [] }));
        Assert.Equal(("operations[0].raw_sql.backfill.by", "RANGE_KEY_MISSING"), (error.Place, error.Code));
        Assert.Equal("RANGE_KEY_UNKNOWN", Assert.Single(Samples.Refused(Samples.Spec(asked))).Code);
    }

    [Theory]
    [InlineData(RangeKind.Blocks, "{range}", "(ctid >= $1 and ctid < $2)")]
    [InlineData(RangeKind.Blocks, "{range r}", "(r.ctid >= $1 and r.ctid < $2)")]
    [InlineData(RangeKind.Blocks, "{range \"R x\" }", "(\"R x\".ctid >= $1 and \"R x\".ctid < $2)")]
    [InlineData(RangeKind.Key, "{range r}", "else r.\"id\" > ($1)[1]::pg_catalog.int8 and r.\"id\" <= ($2)[1]::pg_catalog.int8 end)")]
    public void An_alias_stands_before_the_columns(RangeKind by, string range, string condition)
    {
        var raw = Samples.Raw with
        {
            Backfill = new RawBackfill("review", $"update review r set stars = 1 from other where {range} and other.id = r.id", null, By: by),
        };
        Assert.Contains(condition, Backfill(Samples.Plan(raw)).Statement, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("update t set a = 1 where {range a b}")]
    [InlineData("update t set a = 1 where {ranger}")]
    [InlineData("update t set a = 1 where {range a} or {range}")]
    [InlineData("update t set a = '{range x}' where {range}")]
    public void What_is_no_placeholder_is_refused(string sql) => Assert.Equal(
        "BACKFILL_RANGE", Assert.Single(SpecValidator.Validate(Samples.Spec(Samples.Raw with { Backfill = new RawBackfill("t", sql, null) }))).Code);

    [Fact]
    public void A_verification_uses_the_marks_of_its_backfill()
    {
        var raw = Samples.Raw with { Backfill = Samples.Raw.Backfill! with { Verify = "select count(*) from review where {range}" } };
        var verify = Samples.Plan(raw).Steps.OfType<PlanStep.Verify>().Single();
        Assert.Equal(("migrate-1-backfill", true), (verify.MarksOf, verify.CountsRange));
        Assert.Null(Samples.Plan(Samples.Raw).Steps.OfType<PlanStep.Verify>().Single().MarksOf);
    }

    private static PlanStep.Backfill Backfill(MigrationPlan plan) => plan.Steps.OfType<PlanStep.Backfill>().Single();

    private static OperationSpec.RawSql With(IReadOnlyList<string> key) =>
        Samples.Raw with { Backfill = Samples.Raw.Backfill! with { Key = key } };

    private static IndexInfo Unique(params IReadOnlyList<string> columns) => new()
    {
        Name = string.Join('_', columns),
        Definition = "",
        IsUnique = true,
        Keys = [.. columns.Select(static column => new IndexColumnInfo(column))],
    };
}
