namespace Coordinator.Domain.Specs;

/// <summary>
/// One thing that is wrong with a spec. <paramref name="Place"/> is a path like <c>operations[0].rename_column.from</c>, with line and
/// column where the spec was a file; <paramref name="Code"/> is stable; <paramref name="Remedy"/> says what to do.
/// </summary>
public sealed record SpecError(string Place, string Code, string Message, string Remedy);
