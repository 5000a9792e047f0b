using Coordinator.Server.Tests.Hosting;
using Grpc.Core;

namespace Coordinator.Server.Tests.Migrations;

/// <summary>Specifications that can't be planned: each is refused with its place and what to do, and changes nothing.</summary>
public sealed class BadSpecificationTests(ShopFixture shop) : IClassFixture<ShopFixture>
{
    [Fact]
    public async Task An_unknown_table_is_named_with_its_place()
    {
        var refusal = await RefusedAsync(Specs.Plan(Specs.Rename(Specs.NewName(), table: "reviews")));

        var field = Assert.Single(refusal.Fields);
        Assert.Equal("operations[0].rename_column.table", field.Field);
        Assert.Contains("reviews", field.Description, StringComparison.Ordinal);
        Assert.Matches("^[A-Z_]+$", field.Reason);
    }

    [Fact]
    public async Task An_unknown_column_is_named_with_its_place()
    {
        var refusal = await RefusedAsync(Specs.Plan(Specs.Rename(Specs.NewName(), from: "coment")));

        var field = Assert.Single(refusal.Fields);
        Assert.Equal("operations[0].rename_column.from", field.Field);
        Assert.Contains("coment", field.Description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{{{{")]
    [InlineData("just a sentence")]
    [InlineData("migration: [a, b]")]
    [InlineData("a: &x [*x, *x]")]
    [InlineData("migration: x\nmigration: y")]
    [InlineData("\0\u0001")]
    public async Task What_is_not_a_specification_in_yaml_is_refused_with_line_and_column(string yaml)
    {
        var refusal = await RefusedAsync(new V1.PlanMigrationRequest { Yaml = yaml });

        Assert.NotEmpty(refusal.Fields);
        Assert.All(refusal.Fields, field => Assert.NotEmpty(field.Description));
    }

    [Fact]
    public async Task All_errors_of_a_specification_are_reported_at_once()
    {
        var spec = Specs.Rename("Not A Name", from: "", to: "x");
        spec.Versions["shop-api"].UsesNewFrom = 0;
        spec.Contract = new V1.ContractRule { Soak = new() { Seconds = -1, Nanos = 1 } };
        spec.Operations.Add(new V1.Operation());

        var refusal = await RefusedAsync(Specs.Plan(spec));

        Assert.Contains(refusal.Fields, field => field.Field == "migration");
        Assert.Contains(refusal.Fields, field => field.Field == "versions.shop-api.uses_new_from");
        Assert.Contains(refusal.Fields, field => field.Field == "contract.soak");
        Assert.Contains(refusal.Fields, field => field.Field == "operations[1]");
    }

    [Fact]
    public async Task A_request_without_a_specification_is_refused() =>
        Assert.Equal("specification", Assert.Single((await RefusedAsync(new V1.PlanMigrationRequest())).Fields).Field);

    [Theory]
    [InlineData("comment\"; drop table review; --")]
    [InlineData("comment'; drop table review; --")]
    [InlineData("select")]
    [InlineData("Comment")]
    [InlineData("коммент")]
    [InlineData("comment\0")]
    [InlineData("a-name-that-is-longer-than-the-sixty-three-bytes-that-postgresql-keeps")]
    [InlineData("ctid")]
    public async Task A_hostile_name_of_a_column_is_only_a_name_that_is_not_there(string column)
    {
        var refusal = await RefusedAsync(Specs.Plan(Specs.Rename(Specs.NewName(), from: column)));

        Assert.Equal("operations[0].rename_column.from", Assert.Single(refusal.Fields).Field);
    }

    [Theory]
    [InlineData("review\"; drop table review; --")]
    [InlineData("public.review; drop table review")]
    [InlineData("pg_catalog.pg_class")]
    [InlineData("\uFFFD\uFFFD")]
    [InlineData(".")]
    public async Task A_hostile_name_of_a_table_is_only_a_name_that_is_not_there(string table)
    {
        var refusal = await RefusedAsync(Specs.Plan(Specs.Rename(Specs.NewName(), table: table)));

        Assert.All(refusal.Fields, field => Assert.Equal("operations[0].rename_column.table", field.Field));
    }

    [Theory]
    [InlineData("we\"ird; drop table review; --", "\"we\"\"ird; drop table review; --\"")]
    [InlineData("select", "\"select\"")]
    [InlineData("Überschrift 'neu'", "\"Überschrift 'neu'\"")]
    public async Task A_strange_new_name_is_quoted_everywhere(string to, string quoted)
    {
        var before = await shop.StateAsync();
        var answer = await shop.Server.Migrations.PlanMigrationAsync(
            Specs.Plan(Specs.Rename(Specs.NewName(), to: to), validateOnly: true));

        Assert.Contains(answer.Migration.Steps.SelectMany(step => step.Statements), sql => sql.Contains(quoted, StringComparison.Ordinal));
        Assert.Equal(before, await shop.StateAsync());
    }

    [Theory]
    [InlineData("'x'; drop table review")]
    [InlineData("'x') from review; drop table review; select ('x'")]
    [InlineData("nosuchcolumn")]
    [InlineData("'a\0b'")]
    [InlineData("pg_sleep(1000)::text::int::no_such_type")]
    public async Task An_expression_that_is_none_is_refused(string fill)
    {
        var spec = Specs.Rename(Specs.NewName());
        spec.Operations.Clear();
        spec.Operations.Add(new V1.Operation { SetNotNull = new() { Table = "review", Column = "comment", Fill = fill } });

        var refusal = await RefusedAsync(Specs.Plan(spec));

        Assert.Equal("operations[0].set_not_null.fill", Assert.Single(refusal.Fields).Field);
    }

    [Theory]
    [InlineData("")]
    [InlineData(";")]
    [InlineData("commit")]
    [InlineData("select 1; drop table review")]
    [InlineData("selec 1")]
    [InlineData("select 'a\0b'")]
    [InlineData("create index concurrently on review (id)")]
    public async Task A_statement_that_can_not_be_run_as_one_is_refused(string sql)
    {
        var spec = Specs.Rename(Specs.NewName());
        spec.Operations.Clear();
        spec.Operations.Add(new V1.Operation { RawSql = new() { Expand = sql, Rollback = "select 1" } });

        var refusal = await RefusedAsync(Specs.Plan(spec));

        Assert.All(refusal.Fields, field => Assert.StartsWith("operations[0].raw_sql", field.Field, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_name_of_ten_kilobytes_comes_back_as_a_short_error()
    {
        var refusal = await RefusedAsync(Specs.Plan(Specs.Rename(new string('x', 10_240))));

        Assert.Equal("migration", Assert.Single(refusal.Fields).Field);
    }

    [Fact]
    public async Task A_thousand_errors_still_fit_into_the_trailers()
    {
        var spec = Specs.Rename(Specs.NewName());
        for (var i = 0; i < 150; i++)
        {
            spec.Versions[new string('Ä', 100) + i] = new V1.VersionRule();
        }

        var refusal = await RefusedAsync(Specs.Plan(spec));

        Assert.NotEmpty(refusal.Fields);
        Assert.NotEmpty(refusal.Info.Metadata["violations_left_out"]);
    }

    private async Task<Refusal> RefusedAsync(V1.PlanMigrationRequest request)
    {
        var before = await shop.StateAsync();
        var refusal = await Refusal.OfAsync(shop.Server.Migrations.PlanMigrationAsync(request));
        Assert.Equal(StatusCode.InvalidArgument, refusal.Code);
        Assert.Equal("INVALID_SPECIFICATION", refusal.Reason);
        Assert.Equal(before, await shop.StateAsync());
        return refusal;
    }
}
