using Coordinator.Domain.Specs;

namespace Coordinator.Engine.Specs;

/// <summary>What reading a specification gives: the spec, or everything that is wrong with it.</summary>
public abstract record SpecReadResult
{
    private SpecReadResult()
    {
    }

    public sealed record Spec(MigrationSpec Value) : SpecReadResult;

    public sealed record Invalid(IReadOnlyList<SpecError> Errors) : SpecReadResult;
}
