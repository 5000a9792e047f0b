namespace Coordinator.Engine.Targets;

/// <summary>
/// One target as the operator configures it. Connection strings live here only: never in an event, a log or an answer.
/// </summary>
public sealed class TargetOptions
{
    /// <summary>
    /// The databases that make up the target: name to connection string, with Coordinator's own role (no superuser) and
    /// directly, not through a pooler. A target of one database has one entry.
    /// </summary>
    public Dictionary<string, string> Shards { get; set; } = [];

    /// <summary>The roles that workers connect with; they get the right to call the batch functions and nothing else.</summary>
    public List<string> WorkerRoles { get; set; } = [];

    /// <summary>Roles whose sessions are never an application's: administrators, monitoring, backups.</summary>
    public List<string> IgnoredRoles { get; set; } = [];

    /// <summary>How gently backfills treat it.</summary>
    public PaceOptions Pace { get; set; } = new();
}
