namespace Coordinator.EventStore.Appending;

/// <summary>An event that waits for the save, in the session's order.</summary>
/// <param name="Stream">Where it goes.</param>
/// <param name="Ordinal">Its place among the session's events of that stream, from 1.</param>
/// <param name="Data">The body.</param>
/// <param name="Alias">The stored type.</param>
/// <param name="Id">Given once, so that a save that is repeated writes the same event.</param>
internal sealed record PendingEvent(PendingStream Stream, int Ordinal, object Data, string Alias, Guid Id);
