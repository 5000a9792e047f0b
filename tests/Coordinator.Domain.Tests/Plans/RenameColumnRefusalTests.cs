using Coordinator.Domain.Catalog;
using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Tests.Plans;

public class RenameColumnRefusalTests
{
    private static readonly TableInfo Table = Samples.ReviewTable;

    [Fact]
    public void An_unknown_table() => Assert.Equal(
        ("operations[0].rename_column.table", "TABLE_NOT_FOUND"),
        PlaceAndCode(Samples.Refused(Samples.Spec(Samples.Rename))));

    [Fact]
    public void An_unknown_column() => Assert.Equal(
        ("operations[0].rename_column.from", "COLUMN_NOT_FOUND"),
        PlaceAndCode(Samples.Refused(Samples.Spec(Samples.Rename with { From = "remark" }), Table)));

    [Fact]
    public void A_column_that_differs_in_case_is_another_column() =>
        AssertRefused("COLUMN_NOT_FOUND", Table, Samples.Rename with { From = "Comment" });

    [Fact]
    public void A_new_name_that_is_taken() => Assert.Equal(
        ("operations[0].rename_column.to", "COLUMN_EXISTS"),
        PlaceAndCode(Samples.Refused(Samples.Spec(Samples.Rename with { To = "stars" }), Table)));

    [Theory]
    [InlineData("v", "NOT_A_TABLE")]
    [InlineData("m", "NOT_A_TABLE")]
    [InlineData("f", "NOT_A_TABLE")]
    [InlineData("S", "NOT_A_TABLE")]
    public void What_is_no_ordinary_table(string kind, string code) => AssertRefused(code, Table with { Kind = kind });

    [Fact]
    public void Tables_of_other_makes()
    {
        AssertRefused("TABLE_IS_PARTITION", Table with { IsPartition = true });
        AssertRefused("TABLE_INHERITS", Table with { HasInheritance = true });
        AssertRefused("TABLE_TEMPORARY", Table with { IsTemporary = true });
    }

    [Fact]
    public void What_a_partitioned_table_can_not_do()
    {
        var partitioned = Table with { Kind = "p", IsPartitioned = true, PartitionKey = "RANGE (stars)", Indexes = [] };
        AssertRefused("COLUMN_PARTITION_KEY", partitioned with { PartitionKey = "RANGE (lower(comment))" });
        AssertRefused("INDEX_PARTITIONED", partitioned with { Indexes = [RenameColumnPlanTests.Index("review_comment", "comment")] });
        AssertRefused("PARTITION_FOREIGN", partitioned with { ForeignPartitions = ["public.review_far"] });
        Samples.Compiled(Samples.Spec(Samples.Rename), partitioned);
    }

    [Fact]
    public void Columns_that_are_more_than_a_value()
    {
        AssertColumnRefused("COLUMN_GENERATED", static c => c with { IsGenerated = true });
        AssertColumnRefused("COLUMN_IDENTITY", static c => c with { IsIdentity = true });
        AssertColumnRefused("COLUMN_OWNS_SEQUENCE", static c => c with { OwnedSequence = "public.review_comment_seq" });
        AssertColumnRefused("COLUMN_DOMAIN", static c => c with { IsConstrainedDomain = true });
        AssertColumnRefused("COLUMN_REPLICA_IDENTITY", static c => c with { IsInReplicaIdentity = true });
        AssertColumnRefused("COLUMN_PUBLISHED", static c => c with { PublicationColumnLists = ["pub"] });
        AssertColumnRefused("COLUMN_HAS_DEPENDENTS", static c => c with { DependentObjects = ["view recent_reviews"] });
    }

    [Fact]
    public void A_default_whose_absence_can_not_be_told_from_null()
    {
        AssertColumnRefused("DEFAULT_NEEDS_CHOICE", static c => c with { Default = "'none'::text" });
        Samples.Compiled(Samples.Spec(Samples.Rename), Table.With("comment", static c => c with { Default = "'none'::text", NotNull = true }));
        AssertRefused(
            "DEFAULT_NEEDS_CHOICE",
            Table.With("comment", static c => c with { Default = "'none'::text" }),
            Samples.Rename with { OnDefault = InsertDefaultPolicy.Refuse });
    }

    [Theory]
    [InlineData('p', "primary key")]
    [InlineData('u', "unique constraint")]
    [InlineData('f', "foreign key")]
    [InlineData('c', "check constraint")]
    [InlineData('x', "exclusion constraint")]
    public void Constraints_over_the_column(char type, string what)
    {
        var constraint = new ConstraintInfo { Name = "c1", Type = type, Definition = "…", Columns = ["stars", "comment"] };
        var error = AssertRefused("COLUMN_HAS_CONSTRAINT", Table with { Constraints = [constraint] });
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_foreign_keys_elsewhere_point_at()
    {
        var key = new ConstraintInfo { Name = "k", Type = 'u', Definition = "…", Columns = ["comment"], IsReferencedFromOther = true };
        Assert.Contains("elsewhere", AssertRefused("COLUMN_HAS_CONSTRAINT", Table with { Constraints = [key] }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_not_null_that_was_never_validated() => AssertRefused(
        "NOT_NULL_NOT_VALID",
        Table with { Constraints = [new ConstraintInfo { Name = "n", Type = 'n', Definition = "…", Columns = ["comment"], IsValid = false }] });

    [Fact]
    public void Indexes_that_can_not_be_copied_by_column()
    {
        var index = RenameColumnPlanTests.Index("i", "comment");
        AssertRefused("INDEX_EXPRESSION", Table with { Indexes = [index with { HasPredicate = true }] });
        AssertRefused("INDEX_EXPRESSION", Table with
        {
            Indexes =
            [
                index with
                {
                    HasExpressions = true,
                    Keys = [new IndexColumnInfo("")],
                    Definition = "CREATE INDEX i ON public.review USING btree (lower(\"comment\"))",
                },
            ],
        });
        AssertRefused("COLUMN_REPLICA_IDENTITY", Table with { Indexes = [index with { IsReplicaIdentity = true }] });
        AssertRefused("COLUMN_HAS_CONSTRAINT", Table with
        {
            Indexes = [RenameColumnPlanTests.Index("pk", "id") with { IsConstraint = true, IsUnique = true, Included = ["comment"] }],
        });
    }

    [Fact]
    public void An_expression_over_other_columns_is_none_of_our_business()
    {
        var index = RenameColumnPlanTests.Index("i", "stars") with
        {
            HasPredicate = true,
            Definition = "CREATE INDEX i ON public.comment USING btree (stars) WHERE (stars > 1)",
        };
        Samples.Compiled(Samples.Spec(Samples.Rename), Table with { Indexes = [index] });
    }

    [Fact]
    public void An_index_over_two_columns_that_are_both_renamed()
    {
        var errors = Samples.Refused(
            Samples.Spec(Samples.Rename, new OperationSpec.RenameColumn("review", "stars", "rating")),
            Table with { Indexes = [RenameColumnPlanTests.Index("i", "comment", "stars")] });
        Assert.Equal(["INDEX_SHARED", "INDEX_SHARED"], errors.Select(static e => e.Code));
    }

    [Fact]
    public void Triggers_that_stand_in_the_way()
    {
        var trigger = new TriggerInfo
        {
            Name = "audit",
            Definition = "CREATE TRIGGER audit BEFORE UPDATE OF comment ON public.review FOR EACH ROW EXECUTE FUNCTION f()",
            UpdateColumns = ["comment"],
        };
        AssertRefused("TRIGGER_ON_COLUMN", Table with { Triggers = [trigger] });
        AssertRefused("TRIGGER_ORDER", Table with { Triggers = [trigger with { Name = "zzz_touch", UpdateColumns = [] }] });
        AssertRefused("TABLE_IN_MIGRATION", Table with { Triggers = [trigger with { Name = "zz_coordinator_sync_00000000", UpdateColumns = [] }] });
        Samples.Compiled(Samples.Spec(Samples.Rename), Table with
        {
            Triggers = [trigger with { Name = "zzz_log", UpdateColumns = [], Definition = trigger.Definition.Replace("BEFORE", "AFTER", StringComparison.Ordinal) }],
        });
    }

    [Fact]
    public void Everything_that_is_wrong_is_said_at_once()
    {
        var table = Table.With("comment", static c => c with { IsIdentity = true, DependentObjects = ["view v"] }) with { IsPartition = true };
        var errors = Samples.Refused(
            Samples.Spec(Samples.Rename with { To = "stars" }, new OperationSpec.SetNotNull("nowhere", "x", "0"), new OperationSpec.SetNotNull("review", "", "0")),
            table);
        Assert.Equal(
            ["COLUMN_EXISTS", "COLUMN_HAS_DEPENDENTS", "COLUMN_IDENTITY", "IDENTIFIER_INVALID", "TABLE_IS_PARTITION", "TABLE_NOT_FOUND"],
            errors.Select(static e => e.Code).Order(StringComparer.Ordinal));
    }

    private static void AssertColumnRefused(string code, Func<ColumnInfo, ColumnInfo> change) =>
        AssertRefused(code, Table.With("comment", change));

    private static SpecError AssertRefused(string code, TableInfo table, OperationSpec.RenameColumn? rename = null)
    {
        var errors = Samples.Refused(Samples.Spec(rename ?? Samples.Rename), table);
        return Assert.Single(errors, e => e.Code == code);
    }

    private static (string Place, string Code) PlaceAndCode(IReadOnlyList<SpecError> errors)
    {
        var error = Assert.Single(errors);
        return (error.Place, error.Code);
    }
}
