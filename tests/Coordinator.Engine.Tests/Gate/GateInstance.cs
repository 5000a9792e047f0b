using Npgsql;

namespace Coordinator.Engine.Tests.Gate;

/// <summary>An instance of the old version, as it is in truth: what the service believes of it is what a run puts to the test.</summary>
internal sealed class GateInstance(string id, int row, bool keepsSession)
{
    public string Id { get; } = id;

    /// <summary>The row of the table that it writes; nobody else does.</summary>
    public int Row { get; } = row;

    /// <summary>Whether it stays connected between its writes; where not, only its heartbeats tell of it.</summary>
    public bool KeepsSession { get; } = keepsSession;

    /// <summary>Its session, while there is one.</summary>
    public NpgsqlConnection? Session { get; set; }

    /// <summary>Its lease lapsed, and no heartbeat was acknowledged since.</summary>
    public bool HasLapsed { get; set; }

    public override string ToString() => Id;
}
