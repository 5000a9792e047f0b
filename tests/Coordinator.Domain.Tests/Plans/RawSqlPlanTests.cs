using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Tests.Plans;

public class RawSqlPlanTests
{
    [Fact]
    public void The_plan() => Assert.Equal(
        """
        expand-1-sql: run the operator's expand statement
          create table review_summary (id bigint primary key)
          (in function)
        migrate-1-backfill: run the operator's backfill of public.review
          update review set stars = 1 where (case when $1 is null and $2 is null then true when $1 is null then "id" <= ($2)[1]::pg_catalog.int8 when $2 is null then "id" > ($1)[1]::pg_catalog.int8 when $1 = $2 then "id" = ($2)[1]::pg_catalog.int8 else "id" > ($1)[1]::pg_catalog.int8 and "id" <= ($2)[1]::pg_catalog.int8 end) and stars is null
          wrong where , guarded by 
        migrate-1-verify: verify the operator's backfill of public.review
          select count(*) from review where stars is null
        gate: wait until no old version is left and none can come back
        contract-1-sql: run the operator's contract statement
          drop table review_old
          (in function)
        -- back
        rollback-1-sql: run the operator's rollback statement
          drop table review_summary
          (in function)

        """,
        PlanText.Of(Samples.Plan(Samples.Raw)));

    [Fact]
    public void A_handler_takes_the_place_of_the_statement_by_a_text_that_no_server_would_run()
    {
        var plan = Samples.Plan(Samples.Raw with { Backfill = new RawBackfill("review", null, null, "recompute-price") });

        var backfill = Assert.Single(plan.Steps.OfType<PlanStep.Backfill>());
        Assert.Equal(
            ("recompute-price", "handler recompute-price", "run handler recompute-price over public.review"),
            (backfill.Handler, backfill.Statement, backfill.Description));
        Assert.Contains(plan.Warnings, static w => w.Contains("idempotency key", StringComparison.Ordinal));
    }

    [Fact]
    public void A_plan_without_contract_has_no_gate()
    {
        var plan = Samples.Plan(Samples.Raw with { Contract = null });
        Assert.DoesNotContain(plan.Steps, static s => s is PlanStep.Gate or PlanStep.Contract);
    }

    [Fact]
    public void Trailing_semicolons_and_comments_are_cut_off_and_texts_left_alone()
    {
        var raw = new OperationSpec.RawSql("-- why\ncreate index on review (id) ; ; -- done", null, null, "drop function f()", "review");
        var plan = Samples.Plan(raw);
        Assert.Equal("create index on review (id)", plan.Steps.OfType<PlanStep.Ddl>().Single().Statements.Single());
        Assert.Equal(Samples.Review, plan.Steps.OfType<PlanStep.Ddl>().Single().Table);
    }

    [Fact]
    public void A_verify_query_may_look_at_one_range()
    {
        var raw = Samples.Raw with
        {
            Backfill = Samples.Raw.Backfill! with { Verify = "select count(*) from review where {range};", By = RangeKind.Blocks },
        };
        var verify = Samples.Plan(raw).Steps.OfType<PlanStep.Verify>().Single();
        Assert.Null(verify.MarksOf);
        Assert.Equal("select count(*) from review where (ctid >= $1 and ctid < $2)", verify.CountQuery);
        Assert.True(verify.CountsRange);
    }

    [Fact]
    public void Without_a_verify_query_there_is_a_warning_and_no_step()
    {
        var plan = Samples.Plan(Samples.Raw with { Backfill = Samples.Raw.Backfill! with { Verify = null } });
        Assert.Empty(plan.Steps.OfType<PlanStep.Verify>());
        Assert.Contains(plan.Warnings, static w => w.Contains("verify", StringComparison.Ordinal));
    }

    [Fact]
    public void A_table_may_be_missing_only_if_expand_can_create_it()
    {
        var raw = Samples.Raw with { Backfill = Samples.Raw.Backfill! with { Table = "new_table" } };
        Samples.Plan(raw);
        var error = Assert.Single(Samples.Refused(Samples.Spec(raw with { Expand = null }), Samples.ReviewTable));
        Assert.Equal(("operations[0].raw_sql.backfill.table", "TABLE_NOT_FOUND"), (error.Place, error.Code));
    }

    [Fact]
    public void Rows_of_a_partitioned_table_are_not_handed_out_by_block()
    {
        var table = Samples.ReviewTable with { Kind = "p", IsPartitioned = true };
        var raw = Samples.Raw with { Backfill = Samples.Raw.Backfill! with { By = RangeKind.Blocks } };
        Assert.Equal("TABLE_PARTITIONED", Assert.Single(Samples.Refused(Samples.Spec(raw), table)).Code);
        Assert.Equal("TABLE_PARTITIONED", Assert.Single(Samples.Refused(Samples.Spec(Samples.Raw), table with { Indexes = [] })).Code);
        Assert.NotNull(Samples.Compiled(Samples.Spec(Samples.Raw), table).Steps.OfType<PlanStep.Backfill>().Single().Key);
    }
}
