using Coordinator.Domain.Specs;

namespace Coordinator.Engine.Planning;

/// <summary>A specification that can't be planned: everything that is wrong with it, each with its place and what to do.</summary>
public sealed class SpecificationException(IReadOnlyList<SpecError> errors)
    : Exception($"The specification has {errors.Count} error(s): {errors[0].Place}: {errors[0].Message}")
{
    /// <summary>The stable reason of the whole.</summary>
    public const string Reason = "INVALID_SPECIFICATION";

    /// <summary>All errors.</summary>
    public IReadOnlyList<SpecError> Errors { get; } = errors;
}
