using Coordinator.Domain.Catalog;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Tests;

/// <summary>A small shop whose review table has a column to rename, and specs that change it.</summary>
internal static class Samples
{
    public static TableRef Review { get; } = new("public", "review");

    public static TableInfo ReviewTable { get; } = new()
    {
        Schema = "public",
        Name = "review",
        Columns =
        [
            new ColumnInfo { Name = "id", Type = "bigint", NotNull = true },
            new ColumnInfo { Name = "comment", Type = "text" },
            new ColumnInfo { Name = "stars", Type = "integer" },
        ],
        Constraints = [new ConstraintInfo { Name = "review_pkey", Type = 'p', Definition = "PRIMARY KEY (id)", Columns = ["id"] }],
        Indexes =
        [
            new IndexInfo
            {
                Name = "review_pkey",
                Definition = "CREATE UNIQUE INDEX review_pkey ON public.review USING btree (id)",
                IsUnique = true,
                IsPrimary = true,
                IsConstraint = true,
                Keys = [new IndexColumnInfo("id")],
            },
        ],
    };

    public static OperationSpec.RenameColumn Rename { get; } = new("review", "comment", "message");

    public static OperationSpec.SetNotNull NotNull { get; } = new("review", "stars", "0");

    public static OperationSpec.RawSql Raw { get; } = new(
        "create table review_summary (id bigint primary key)",
        new RawBackfill("review", "update review set stars = 1 where {range} and stars is null", "select count(*) from review where stars is null"),
        "drop table review_old",
        "drop table review_summary");

    public static CatalogSnapshot Catalog(params IReadOnlyList<TableInfo> tables) => new() { ServerVersion = 170002, Tables = tables };

    public static MigrationSpec Spec(params IReadOnlyList<OperationSpec> operations) => new()
    {
        Name = "rename-review-comment",
        Target = "shop",
        Versions = new Dictionary<string, VersionRule> { ["shop-api"] = new(42, 42), ["shop-worker"] = new(17, 18) },
        Operations = operations,
    };

    public static MigrationPlan Plan(MigrationSpec spec) => Compiled(spec, ReviewTable);

    public static MigrationPlan Plan(params IReadOnlyList<OperationSpec> operations) => Compiled(Spec(operations), ReviewTable);

    public static MigrationPlan Compiled(MigrationSpec spec, params IReadOnlyList<TableInfo> tables)
    {
        var result = PlanCompiler.Compile(spec, Catalog(tables));
        Assert.True(
            result is PlanResult.Compiled,
            result is PlanResult.Refused refused ? string.Join("; ", refused.Errors) : "");
        return ((PlanResult.Compiled)result).Plan;
    }

    public static IReadOnlyList<SpecError> Refused(MigrationSpec spec, params IReadOnlyList<TableInfo> tables)
    {
        var errors = Assert.IsType<PlanResult.Refused>(PlanCompiler.Compile(spec, Catalog(tables))).Errors;
        Assert.NotEmpty(errors);
        Assert.All(errors, static e =>
        {
            Assert.Matches("^[A-Z][A-Z0-9_]+$", e.Code);
            Assert.NotEmpty(e.Place);
            Assert.NotEmpty(e.Message);
            Assert.NotEmpty(e.Remedy);
        });
        return errors;
    }

    public static TableInfo With(this TableInfo table, string column, Func<ColumnInfo, ColumnInfo> change) => table with
    {
        Columns = [.. table.Columns.Select(c => c.Name == column ? change(c) : c)],
    };
}
