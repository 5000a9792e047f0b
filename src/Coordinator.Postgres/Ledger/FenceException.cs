namespace Coordinator.Postgres.Ledger;

/// <summary>The fence in the target is not this coordinator's, or is gone; the message says what to do.</summary>
public sealed class FenceException(string message) : Exception(message);
