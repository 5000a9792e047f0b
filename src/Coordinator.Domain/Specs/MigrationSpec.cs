namespace Coordinator.Domain.Specs;

/// <summary>
/// What an operator asks for, as written: one change of one target, with the application versions that matter to it.
/// <see cref="SpecValidator"/> checks its shape, <see cref="Plans.PlanCompiler"/> whether it can be done.
/// </summary>
public sealed record MigrationSpec
{
    public required string Name { get; init; }

    public required string Target { get; init; }

    /// <summary>Every application that uses the target, by name.</summary>
    public required IReadOnlyDictionary<string, VersionRule> Versions { get; init; }

    public ContractRule Contract { get; init; } = ContractRule.Default;

    /// <summary>What its backfills begin with; null leaves all of it to the defaults.</summary>
    public BackfillSettings? Backfill { get; init; }

    public required IReadOnlyList<OperationSpec> Operations { get; init; }
}
