namespace Coordinator.Client;

/// <summary>One thing that is wrong with a request, or one condition that does not hold.</summary>
/// <param name="Code">A stable name of the kind, such as INSTANCE_ALIVE.</param>
/// <param name="Subject">What it is about: a field's path, or a subject such as shop-api/7f3a.</param>
/// <param name="Description">What is the case and what would clear it.</param>
public sealed record CoordinatorViolation(string Code, string Subject, string Description);
