using System.Data.Common;

namespace Coordinator.Client.Postgres;

/// <summary>
/// This process may not use the database: its schema version is outside the interval that the database names, or its own lease has
/// ended. Trying again by itself does not help; <see cref="Reason"/> is stable, the message says what to do.
/// </summary>
public sealed class ConnectionRefusedException : DbException
{
    /// <summary>The version is retired: what it needs is gone, or about to go.</summary>
    public const string VersionRetired = "VERSION_RETIRED";

    /// <summary>The version needs a structure that is not complete yet.</summary>
    public const string VersionNotReady = "VERSION_NOT_READY";

    /// <summary>The instance has no running lease: it was paused, cut off or refused, or it has not registered yet.</summary>
    public const string LeaseLost = "LEASE_LOST";

    /// <summary>Makes one.</summary>
    public ConnectionRefusedException(string reason, string message)
        : base(message) => Reason = reason;

    /// <summary>Why; one of the constants here.</summary>
    public string Reason { get; }

    /// <summary>Always false: the same attempt again is refused again.</summary>
    public override bool IsTransient => false;
}
