namespace Coordinator.Domain.Specs;

/// <summary>
/// What to do when the old column has a default and may be NULL: an INSERT's explicit NULL in the new column can't be told from
/// "not supplied", and would get the old column's default.
/// </summary>
public enum InsertDefaultPolicy
{
    Refuse,
    Accept,
}
