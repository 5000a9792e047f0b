using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Tests.Specs;

public class SpecValidatorTests
{
    private static readonly MigrationSpec Good = Samples.Spec(Samples.Rename, Samples.NotNull, Samples.Raw);

    [Fact]
    public void A_good_spec_has_no_errors() => Assert.Empty(SpecValidator.Validate(Good));

    [Fact]
    public void Names_are_labels()
    {
        AssertErrors(Good with { Name = "Rename Comment", Target = "" }, ("migration", "NAME_INVALID"), ("target", "NAME_INVALID"));
        AssertErrors(Good with { Versions = new Dictionary<string, VersionRule> { ["Shop Api"] = new(1, 1) } }, ("versions.Shop Api", "NAME_INVALID"));
    }

    [Fact]
    public void Versions_are_ordered_numbers_from_one()
    {
        AssertErrors(Good with { Versions = new Dictionary<string, VersionRule>() }, ("versions", "VERSIONS_MISSING"));
        AssertErrors(
            Good with { Versions = new Dictionary<string, VersionRule> { ["a"] = new(0, 1), ["b"] = new(2, 1), ["c"] = new(long.MaxValue, long.MaxValue) } },
            ("versions.a.uses_new_from", "VERSION_INVALID"),
            ("versions.b.free_of_old_from", "VERSION_ORDER"));
        var many = Enumerable.Range(0, 201).ToDictionary(static i => $"app-{i}", static _ => new VersionRule(1, 1));
        AssertErrors(Good with { Versions = many }, ("versions", "TOO_MANY_APPLICATIONS"));
    }

    [Fact]
    public void A_soak_is_at_most_ninety_days()
    {
        AssertErrors(Good with { Contract = new ContractRule(TimeSpan.FromDays(91), false) }, ("contract.soak", "SOAK_OUT_OF_RANGE"));
        AssertErrors(Good with { Contract = new ContractRule(TimeSpan.FromTicks(-1), false) }, ("contract.soak", "SOAK_OUT_OF_RANGE"));
        Assert.Empty(SpecValidator.Validate(Good with { Contract = new ContractRule(TimeSpan.FromDays(90), true) }));
    }

    [Fact]
    public void Lapsed_instances_are_left_to_the_witness_only_in_cooperative_mode_and_after_a_while()
    {
        var rule = new VersionRule(2, 2, WitnessAfter: TimeSpan.FromSeconds(9));
        AssertErrors(Good with { Versions = new Dictionary<string, VersionRule> { ["a"] = rule } }, ("versions.a.lapsed", "WITNESS_AFTER_OUT_OF_RANGE"));
        var strict = rule with { WitnessAfter = TimeSpan.FromMinutes(15), Roles = new VersionRoles("a_v{version}") };
        AssertErrors(
            Samples.Spec(Samples.Rename) with { Versions = new Dictionary<string, VersionRule> { ["a"] = strict } },
            ("versions.a.lapsed", "WITNESS_AFTER_STRICT"));
    }

    [Fact]
    public void A_silence_is_above_zero_and_needs_an_old_column()
    {
        var none = new ContractRule(TimeSpan.Zero, false, OldWritesQuiet: TimeSpan.Zero, StatementsQuiet: TimeSpan.FromDays(91));
        AssertErrors(
            Good with { Contract = none, Operations = [Samples.Rename] },
            ("contract.old_writes_quiet", "QUIET_OUT_OF_RANGE"),
            ("contract.statements_quiet", "QUIET_OUT_OF_RANGE"));
        var hour = new ContractRule(TimeSpan.Zero, false, OldWritesQuiet: TimeSpan.FromHours(1));
        Assert.Empty(SpecValidator.Validate(Good with { Contract = hour, Operations = [Samples.Rename] }));
        AssertErrors(
            Good with { Contract = hour, Operations = [Samples.NotNull] }, ("contract.old_writes_quiet", "QUIET_NOT_COUNTED"));
    }

    [Fact]
    public void There_are_one_to_twenty_operations()
    {
        AssertErrors(Good with { Operations = [] }, ("operations", "OPERATIONS_MISSING"));
        AssertErrors(Good with { Operations = [.. Enumerable.Repeat<OperationSpec>(Samples.Raw, 21)] }, ("operations", "TOO_MANY_OPERATIONS"));
    }

    [Theory]
    [InlineData("", "IDENTIFIER_INVALID")]
    [InlineData("a234567890123456789012345678901234567890123456789012345678901234", "IDENTIFIER_INVALID")]
    [InlineData("nul\0", "IDENTIFIER_INVALID")]
    [InlineData("ctid", "SYSTEM_COLUMN")]
    [InlineData("xmin", "SYSTEM_COLUMN")]
    public void Columns_have_names_that_a_table_can_hold(string name, string code)
    {
        AssertErrors(Samples.Spec(Samples.NotNull with { Column = name }), ("operations[0].set_not_null.column", code));
        AssertErrors(Samples.Spec(Samples.Rename with { From = name }), ("operations[0].rename_column.from", code));
        AssertErrors(Samples.Spec(Samples.Rename with { To = name }), ("operations[0].rename_column.to", code));
    }

    [Theory]
    [InlineData("", "IDENTIFIER_INVALID")]
    [InlineData("a.", "IDENTIFIER_INVALID")]
    [InlineData(".a", "IDENTIFIER_INVALID")]
    [InlineData("pg_catalog.pg_class", "SYSTEM_SCHEMA")]
    [InlineData("information_schema.tables", "SYSTEM_SCHEMA")]
    [InlineData("coordinator.ledger", "SYSTEM_SCHEMA")]
    [InlineData("pg_temp_3.t", "SYSTEM_SCHEMA")]
    public void Tables_are_the_applications_own(string table, string code) =>
        AssertErrors(Samples.Spec(Samples.NotNull with { Table = table }), ("operations[0].set_not_null.table", code));

    [Theory]
    [InlineData("select")]
    [InlineData("x\"; drop table review; --")]
    [InlineData("größe")]
    [InlineData("a b.c")]
    public void Any_other_name_will_do(string name) =>
        Assert.Empty(SpecValidator.Validate(Samples.Spec(new OperationSpec.RenameColumn(name, name, "b", "public"))));

    [Fact]
    public void A_new_name_is_new() =>
        AssertErrors(Samples.Spec(Samples.Rename with { To = "comment" }), ("operations[0].rename_column.to", "SAME_NAME"));

    [Fact]
    public void Two_operations_on_one_column_are_refused()
    {
        AssertErrors(
            Samples.Spec(Samples.Rename, new OperationSpec.SetNotNull("public.review", "comment", "''")),
            ("operations[1].set_not_null.column", "COLUMN_TWICE"));
        AssertErrors(
            Samples.Spec(Samples.Rename, new OperationSpec.RenameColumn("review", "stars", "message")),
            ("operations[1].rename_column.to", "COLUMN_TWICE"));
        Assert.Empty(SpecValidator.Validate(Samples.Spec(Samples.Rename, new OperationSpec.RenameColumn("crm.review", "comment", "message"))));
    }

    [Fact]
    public void Every_error_says_what_to_do() => Assert.All(
        SpecValidator.Validate(new MigrationSpec
        {
            Name = "",
            Target = "",
            Versions = new Dictionary<string, VersionRule>(),
            Contract = new ContractRule(TimeSpan.FromDays(1000), false),
            Operations = [new OperationSpec.RenameColumn("", "", ""), new OperationSpec.SetNotNull("", "", ""), new OperationSpec.RawSql("", null, null, null)],
        }),
        static e =>
        {
            Assert.Matches("^[A-Z_]+$", e.Code);
            Assert.NotEmpty(e.Message);
            Assert.NotEmpty(e.Remedy);
        });

    internal static void AssertErrors(MigrationSpec spec, params (string Place, string Code)[] expected) =>
        Assert.Equal(expected, SpecValidator.Validate(spec).Select(static e => (e.Place, e.Code)));
}
