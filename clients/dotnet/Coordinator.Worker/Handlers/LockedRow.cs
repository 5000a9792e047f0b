namespace Coordinator.Worker.Handlers;

/// <summary>A row of the batch that nobody else can write before the batch's transaction has ended.</summary>
/// <param name="Place">Its <c>ctid</c> as text.</param>
/// <param name="Key">Its key as the quarantine names it: the batch's, else the one that <c>coordinator.key_of_row</c> makes.</param>
/// <param name="Table">The table in which it stands, or the partition.</param>
internal readonly record struct LockedRow(string Place, string Key, uint Table);
