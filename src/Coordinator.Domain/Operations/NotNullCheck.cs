namespace Coordinator.Domain.Operations;

/// <summary>
/// "Not null" as SET NOT NULL means it. For a composite value <c>is not null</c> asks that every field be set, so the check would refuse
/// rows that NOT NULL allows, and would not spare SET NOT NULL its scan; this form does, for every type.
/// </summary>
internal static class NotNullCheck
{
    public const string Condition = "is distinct from null";
}
