namespace Coordinator.Postgres.Embedded;

/// <summary>The embedded server could not be found, created or started; the message says what to do.</summary>
public sealed class EmbeddedPostgresException(string message) : Exception(message);
