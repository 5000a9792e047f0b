using Coordinator.Domain.Catalog;
using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Tests.Plans;

public class SetNotNullPlanTests
{
    [Fact]
    public void The_plan() => Assert.Equal(
        """
        expand-1-install-fill: fill NULLs that are written to stars of public.review
          fill zz_coordinator_fill_af601da6 coalesce(id % 5, 0)
        migrate-1-backfill: fill stars of public.review where it is NULL
          update "public"."review" set "stars" = (coalesce(id % 5, 0)) where ctid >= $1 and ctid < $2 and "stars" is null
          wrong where "stars" is null, guarded by zz_coordinator_fill_af601da6
        migrate-1-verify: verify that stars of public.review is NULL in no row
          "stars" is null
        migrate-1-add-check: ask of new rows that stars of public.review is not null
          alter table "public"."review" add constraint "review_stars_not_null_af601da6" check ("stars" is distinct from null) not valid
        migrate-1-validate-check: validate that stars of public.review is not null
          alter table "public"."review" validate constraint "review_stars_not_null_af601da6"
        migrate-1-set-not-null: set stars of public.review NOT NULL
          alter table "public"."review" alter column "stars" set not null
          alter table "public"."review" drop constraint "review_stars_not_null_af601da6"
        gate: wait until no old version is left and none can come back
        contract-1-remove-fill: stop filling NULLs in stars of public.review
          remove zz_coordinator_fill_af601da6
          probe do 'begin update "public"."review" set "stars" = "stars" where ctid >= ''(0,0)''::tid and ctid < ''(1,0)''::tid; raise exception using errcode = ''COPRB''; exception when sqlstate ''COPRB'' then null; when others then if not coordinator.is_data_error(sqlstate) or not exists (select from coordinator.quarantine where waived_by is not null) then raise; end if; end'
        -- back
        rollback-1-allow-null: allow NULL in stars of public.review again
          remove zz_coordinator_fill_af601da6
          alter table "public"."review" alter column "stars" drop not null
          alter table "public"."review" drop constraint if exists "review_stars_not_null_af601da6"

        """,
        PlanText.Of(Samples.Plan(Samples.NotNull with { Fill = "  coalesce(id % 5, 0) " })));

    [Fact]
    public void A_column_that_is_not_null_already()
    {
        var error = Assert.Single(Refused(Samples.ReviewTable.With("stars", static c => c with { NotNull = true })));
        Assert.Equal(("operations[0].set_not_null.column", "ALREADY_NOT_NULL"), (error.Place, error.Code));
    }

    [Fact]
    public void What_can_not_be_filled()
    {
        Assert.Equal("TABLE_NOT_FOUND", Assert.Single(Samples.Refused(Samples.Spec(Samples.NotNull))).Code);
        Assert.Equal("COLUMN_NOT_FOUND", Assert.Single(Samples.Refused(
            Samples.Spec(Samples.NotNull with { Column = "rank" }), Samples.ReviewTable)).Code);
        Assert.Equal("COLUMN_GENERATED", Assert.Single(Refused(
            Samples.ReviewTable.With("stars", static c => c with { IsGenerated = true }))).Code);
        Assert.Equal("NOT_A_TABLE", Assert.Single(Refused(Samples.ReviewTable with { Kind = "v" })).Code);
        Assert.Equal("TRIGGER_ORDER", Assert.Single(Refused(Samples.ReviewTable with
        {
            Triggers =
            [
                new TriggerInfo { Name = "zzz", Definition = "CREATE TRIGGER zzz BEFORE INSERT ON public.review FOR EACH ROW EXECUTE FUNCTION f()" },
            ],
        })).Code);
    }

    [Fact]
    public void Two_operations_share_the_phases_and_the_gate()
    {
        var plan = Samples.Plan(Samples.Rename, Samples.NotNull);
        Assert.Equal(
            [
                "expand-1-add-column", "expand-1-install-sync", "expand-2-install-fill",
                "migrate-1-backfill", "migrate-1-verify", "migrate-2-backfill", "migrate-2-verify",
                "migrate-2-add-check", "migrate-2-validate-check", "migrate-2-set-not-null",
                "gate", "contract-1-drop-column", "contract-2-remove-fill",
            ],
            plan.Steps.Select(static s => s.Id));
        Assert.Equal(["rollback-2-allow-null", "rollback-1-drop-column"], plan.RollbackSteps.Select(static s => s.Id));
    }

    private static IReadOnlyList<SpecError> Refused(TableInfo table) => Samples.Refused(Samples.Spec(Samples.NotNull), table);
}
