using System.Text.Json;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Tests.Plans;

public class PlanCompilerTests
{
    [Fact]
    public void The_same_input_gives_the_same_plan()
    {
        var spec = Samples.Spec(Samples.Rename, Samples.NotNull, Samples.Raw);
        Assert.Equal(JsonSerializer.Serialize(Samples.Plan(spec)), JsonSerializer.Serialize(Samples.Plan(spec)));
    }

    [Fact]
    public void Step_ids_are_unique_short_and_plain()
    {
        var operations = Enumerable.Range(0, 20).Select(static OperationSpec (_) => Samples.Raw).ToList();
        var plan = Samples.Plan(Samples.Spec(operations));
        var ids = plan.Steps.Concat(plan.RollbackSteps).Select(static s => s.Id).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.All(ids, static id => Assert.Matches("^[a-z0-9-]{1,40}$", id));
    }

    [Fact]
    public void Phases_come_in_their_order()
    {
        var phases = Samples.Plan(Samples.Rename, Samples.NotNull, Samples.Raw).Steps.Select(static s => s.Phase).ToList();
        Assert.Equal(phases.Order(), phases);
    }

    [Fact]
    public void A_server_that_is_too_old_is_refused_together_with_the_rest()
    {
        var result = PlanCompiler.Compile(Samples.Spec(Samples.Rename), Samples.Catalog() with { ServerVersion = 130010 });
        Assert.Equal(
            ["SERVER_TOO_OLD", "TABLE_NOT_FOUND"],
            Assert.IsType<PlanResult.Refused>(result).Errors.Select(static e => e.Code));
    }

    [Fact]
    public void The_tables_to_read_are_those_of_the_spec_as_far_as_they_can_be_named() => Assert.Equal(
        [Samples.Review, new TableRef("shop", "order.line"), new TableRef("crm", "customer")],
        PlanCompiler.TablesOf(Samples.Spec(
            Samples.Rename,
            Samples.NotNull,
            new OperationSpec.SetNotNull("order.line", "x", "0", "shop"),
            new OperationSpec.RenameColumn("crm.customer", "a", "b"),
            new OperationSpec.RenameColumn("", "a", "b"),
            new OperationSpec.RenameColumn(new string('x', 64), "a", "b"))));

    [Fact]
    public void A_malformed_spec_is_refused_not_thrown()
    {
        var spec = Samples.Spec(new OperationSpec.RenameColumn(new string('x', 64), "a\0", ""));
        Assert.Equal(3, Samples.Refused(spec).Count);
    }

    [Fact]
    public void A_lossy_pair_of_mappings_may_rest()
    {
        var sync = SyncDefinition.Create(Samples.Review, "a", "b", compareAsText: false) with { Up = "upper({})", Down = "left({}, 3)" };
        Assert.Equal(
            "(\"b\" is not distinct from upper(\"a\") or (\"b\" is distinct from null and \"a\" is not distinct from left(\"b\", 3)))",
            sync.AgreeSql("\"a\"", "\"b\""));
    }
}
