using Coordinator.Domain.Catalog;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Tests.Plans;

public class RenameColumnPlanTests
{
    [Fact]
    public void A_partition_is_filled_by_its_own_name_under_an_id_of_its_own()
    {
        var plan = Samples.Compiled(
            Samples.Spec(Samples.Rename), Samples.ReviewTable with { Kind = "p", IsPartitioned = true, Indexes = [] });
        var whole = Assert.Single(plan.Steps.OfType<PlanStep.Backfill>());
        Assert.True(whole.PerPartition);
        Assert.True(Assert.Single(plan.Steps.OfType<PlanStep.Verify>()).PerPartition);

        var one = whole.ForPartition(new TableRef("public", "review 2026"));
        Assert.StartsWith("update \"public\".\"review 2026\" set ", one.Statement, StringComparison.Ordinal);
        Assert.Equal(whole.Statement.Length + " 2026".Length, one.Statement.Length);
        Assert.StartsWith(whole.Id + "-", one.Id, StringComparison.Ordinal);
        Assert.NotEqual(one.Id, whole.ForPartition(new TableRef("public", "review 2027")).Id);
        Assert.Throws<InvalidOperationException>(() => one.ForPartition(new TableRef("public", "x")));
    }

    [Fact]
    public void The_plan_of_a_plain_column() => Assert.Equal(
        """
        expand-1-add-column: add column message to public.review
          alter table "public"."review" add column "message" text
        expand-1-install-sync: keep comment and message of public.review in sync
          sync zz_coordinator_sync_8ceec046 text=False
        migrate-1-backfill: fill message of public.review from comment
          update "public"."review" set "message" = "comment" where ctid >= $1 and ctid < $2 and not ("message" is not distinct from "comment")
          wrong where not ("message" is not distinct from "comment"), guarded by zz_coordinator_sync_8ceec046
        migrate-1-verify: verify that comment and message of public.review agree in every row
          not ("message" is not distinct from "comment")
        gate: wait until no old version is left and none can come back
        contract-1-drop-column: drop column comment of public.review
          remove zz_coordinator_sync_8ceec046
          alter table "public"."review" drop column "comment"
          probe do 'begin update "public"."review" set "message" = "message" where ctid >= ''(0,0)''::tid and ctid < ''(1,0)''::tid; raise exception using errcode = ''COPRB''; exception when sqlstate ''COPRB'' then null; when others then if not coordinator.is_data_error(sqlstate) or not exists (select from coordinator.quarantine where waived_by is not null) then raise; end if; end'
        -- back
        rollback-1-drop-column: drop column message of public.review again, with its indexes and its check
          remove zz_coordinator_sync_8ceec046
          alter table "public"."review" drop column if exists "message"

        """,
        PlanText.Of(Samples.Plan(Samples.Rename)));

    [Fact]
    public void The_plan_of_a_column_that_carries_everything() => Assert.Equal(
        """
        expand-1-add-column: add column message to public.review
          alter table "public"."review" add column "message" character varying(80) collate "pg_catalog"."de-DE-x-icu"
          alter table "public"."review" alter column "message" set statistics 500
          alter table "public"."review" alter column "message" set storage external
          alter table "public"."review" alter column "message" set compression lz4
          alter table "public"."review" alter column "message" set (n_distinct=-0.5)
          grant select ("message") on "public"."review" to "report""er"
          grant update ("message") on "public"."review" to public with grant option
        expand-1-install-sync: keep comment and message of public.review in sync
          sync zz_coordinator_sync_8ceec046 text=True
        migrate-1-add-check: ask of new rows that message of public.review is not null
          alter table "public"."review" add constraint "review_message_not_null_238f8845" check ("message" is distinct from null) not valid
        migrate-1-backfill: fill message of public.review from comment
          update "public"."review" set "message" = "comment" where ctid >= $1 and ctid < $2 and not (("message")::pg_catalog.text collate pg_catalog."C" is not distinct from ("comment")::pg_catalog.text collate pg_catalog."C")
          wrong where not (("message")::pg_catalog.text collate pg_catalog."C" is not distinct from ("comment")::pg_catalog.text collate pg_catalog."C"), guarded by zz_coordinator_sync_8ceec046
        migrate-1-verify: verify that comment and message of public.review agree in every row
          not (("message")::pg_catalog.text collate pg_catalog."C" is not distinct from ("comment")::pg_catalog.text collate pg_catalog."C")
        migrate-1-index-1: build index review_message_idx_41b42e17 on public.review in place of review_comment_idx
          create index concurrently "review_message_idx_41b42e17" on "public"."review" using "btree" ("message")
        migrate-1-index-2: build index review_message_idx_703bd2e3 on public.review in place of review_comment_stars
          create unique index concurrently "review_message_idx_703bd2e3" on "public"."review" using "btree" ("stars" DESC NULLS LAST, "message" COLLATE "C" text_pattern_ops) include ("message", "id") nulls not distinct with (fillfactor='70') tablespace "fast disks"
        migrate-1-validate-check: validate that message of public.review is not null
          alter table "public"."review" validate constraint "review_message_not_null_238f8845"
        gate: wait until no old version is left and none can come back
        contract-1-drop-column: drop column comment of public.review
          remove zz_coordinator_sync_8ceec046
          alter table "public"."review" drop column "comment"
          alter table "public"."review" alter column "message" set default 'none'::character varying
          alter table "public"."review" alter column "message" set not null
          alter table "public"."review" drop constraint "review_message_not_null_238f8845"
          comment on column "public"."review"."message" is 'it''s the text'
          probe do 'begin update "public"."review" set "message" = "message" where ctid >= ''(0,0)''::tid and ctid < ''(1,0)''::tid; raise exception using errcode = ''COPRB''; exception when sqlstate ''COPRB'' then null; when others then if not coordinator.is_data_error(sqlstate) or not exists (select from coordinator.quarantine where waived_by is not null) then raise; end if; end'
        -- back
        rollback-1-drop-column: drop column message of public.review again, with its indexes and its check
          remove zz_coordinator_sync_8ceec046
          alter table "public"."review" drop column if exists "message"

        """,
        PlanText.Of(Samples.Compiled(Samples.Spec(Samples.Rename), Laden)));

    [Fact]
    public void Contract_checks_before_and_after_that_nothing_was_lost()
    {
        var contract = Samples.Compiled(Samples.Spec(Samples.Rename), Laden).Steps.OfType<PlanStep.Contract>().Single();
        Assert.Equal(
            ["ColumnExists", "ColumnExists", "TriggerEnabled", "ConstraintValid", "IndexValid", "IndexValid"],
            contract.Before.Select(static c => c.GetType().Name));
        Assert.Equal(
            ["ColumnAbsent", "TriggerAbsent", "ColumnNotNull", "ColumnDefault", "ColumnComment", "ColumnGrants", "ConstraintAbsent", "IndexValid", "IndexValid"],
            contract.After.Select(static c => c.GetType().Name));
    }

    [Fact]
    public void A_rollback_says_whose_work_it_takes_back()
    {
        var plan = Samples.Plan(Samples.Rename);
        var uninstall = Assert.IsType<PlanStep.Uninstall>(Assert.Single(plan.RollbackSteps));
        Assert.Equal(
            ["expand-1-add-column", "expand-1-install-sync", "migrate-1-backfill", "migrate-1-verify"], uninstall.Undoes);
    }

    [Theory]
    [InlineData("integer", true, false)]
    [InlineData("character varying(80)", true, false)]
    [InlineData("timestamp(3) with time zone", true, false)]
    [InlineData("numeric(10,2)", true, true)]
    [InlineData("citext", true, true)]
    [InlineData("jsonb", true, true)]
    [InlineData("integer[]", true, true)]
    [InlineData("json", false, true)]
    [InlineData("point", false, true)]
    public void Types_where_equal_is_not_the_same_are_compared_as_text(string type, bool hasEquality, bool asText)
    {
        var table = Samples.ReviewTable.With("comment", c => c with { Type = type, HasEquality = hasEquality });
        var plan = Samples.Compiled(Samples.Spec(Samples.Rename), table);
        Assert.Equal(asText, plan.Steps.OfType<PlanStep.InstallSync>().Single().Sync.CompareAsText);
    }

    [Fact]
    public void A_hostile_name_is_only_a_name()
    {
        const string Hostile = "x\"; drop table review; --";
        var table = Samples.ReviewTable with
        {
            Name = Hostile,
            Columns = [new ColumnInfo { Name = Hostile, Type = "text" }, .. Samples.ReviewTable.Columns],
        };
        var plan = Samples.Compiled(Samples.Spec(new OperationSpec.RenameColumn(Hostile, Hostile, "select")), table);
        var update = plan.Steps.OfType<PlanStep.Backfill>().Single().Statement;
        Assert.StartsWith("""update "public"."x""; drop table review; --" set "select" = "x""; drop table review; --" where""", update, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_that_are_made_fit_63_bytes_and_stay_apart()
    {
        var name = new string('ö', 31);
        var table = new TableRef("public", name);
        string[] made =
        [
            ObjectNames.NotNullCheck(table, name),
            ObjectNames.CarriedIndex(table, "a", name),
            ObjectNames.CarriedIndex(table, "b", name),
            ObjectNames.SyncTrigger(table, name, "b"),
            ObjectNames.SyncTrigger(table, "b", name),
            ObjectNames.FillTrigger(table, name),
        ];
        Assert.All(made, static n => Assert.True(SqlIdentifier.IsAcceptable(n, out var why), why));
        Assert.Equal(made.Length, made.Distinct().Count());
    }

    [Fact]
    public void An_invalid_index_is_not_carried_and_the_plan_says_so()
    {
        var table = Samples.ReviewTable with
        {
            Indexes = [Index("half_built", "comment") with { IsValid = false }],
            Triggers = [new TriggerInfo { Name = "audit", Definition = "CREATE TRIGGER audit AFTER UPDATE ON public.review FOR EACH ROW EXECUTE FUNCTION f()" }],
            Publications = ["all_tables"],
            DependentViews = ["view recent_reviews"],
        };
        var plan = Samples.Compiled(Samples.Spec(Samples.Rename), table);
        Assert.Empty(plan.Steps.OfType<PlanStep.CreateIndex>());
        Assert.Equal(4, plan.Warnings.Count);
    }

    [Fact]
    public void On_default_accept_lets_a_nullable_column_with_a_default_through()
    {
        var table = Samples.ReviewTable.With("comment", static c => c with { Default = "'none'::text" });
        var plan = Samples.Compiled(Samples.Spec(Samples.Rename with { OnDefault = InsertDefaultPolicy.Accept }), table);
        Assert.Contains(
            "alter table \"public\".\"review\" alter column \"message\" set default 'none'::text",
            plan.Steps.OfType<PlanStep.Contract>().Single().Statements);
    }

    internal static IndexInfo Index(string name, params IReadOnlyList<string> columns) => new()
    {
        Name = name,
        Definition = $"CREATE INDEX {name} ON public.review USING btree ({string.Join(", ", columns)})",
        Keys = [.. columns.Select(static c => new IndexColumnInfo(c))],
    };

    private static TableInfo Laden { get; } = Samples.ReviewTable.With("comment", static c => c with
    {
        Type = "character varying(80)",
        Collation = "\"pg_catalog\".\"de-DE-x-icu\"",
        NotNull = true,
        Default = "'none'::character varying",
        Comment = "it's the text",
        Grants = ["SELECT|report\"er", "UPDATE|PUBLIC|grantable"],
        StatisticsTarget = 500,
        Storage = "external",
        Compression = "lz4",
        Options = ["n_distinct=-0.5", "future=1); drop table review; --"],
    }) with
    {
        Constraints =
        [
            .. Samples.ReviewTable.Constraints,
            new ConstraintInfo { Name = "review_comment_not_null", Type = 'n', Definition = "NOT NULL comment", Columns = ["comment"] },
        ],
        Indexes =
        [
            .. Samples.ReviewTable.Indexes,
            Index("review_comment_stars", "stars", "comment") with
            {
                IsUnique = true,
                Keys = [new IndexColumnInfo("stars", "DESC NULLS LAST"), new IndexColumnInfo("comment", "COLLATE \"C\" text_pattern_ops")],
                Included = ["comment", "id"],
                NullsNotDistinct = true,
                StorageParameters = "fillfactor='70'",
                Tablespace = "fast disks",
            },
            Index("review_comment_idx", "comment"),
            Index("review_stars_idx", "stars"),
        ],
    };
}
