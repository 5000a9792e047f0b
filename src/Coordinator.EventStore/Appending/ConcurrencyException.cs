namespace Coordinator.EventStore.Appending;

/// <summary>
/// Somebody else was faster, or the database broke a deadlock by ending this transaction. Nothing was saved; the cure is
/// to read again and decide again.
/// </summary>
public class ConcurrencyException(string message, Exception? innerException = null)
    : Exception(message, innerException);
