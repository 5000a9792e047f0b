using System.Globalization;
using Coordinator.Domain.Backfills;
using Coordinator.Engine.Leasing;

namespace Coordinator.Engine.Pacing;

/// <summary>
/// A target without space: every further batch would fail as the last one did, and would write what is left of the space
/// full. Nothing is granted for a while, and then one batch finds out. Nobody has to order that; a resume tries at once.
/// </summary>
/// <param name="Message">What the target said.</param>
/// <param name="Until">When it is tried again, by the coordination database's clock.</param>
internal sealed record FullDisk(string Message, DateTimeOffset Until)
{
    /// <summary>The name of its signal.</summary>
    public const string SignalName = "disk_full";

    public LoadSignal Signal => new()
    {
        Name = SignalName,
        SaysStop = true,
        CanStop = true,
        Meaning = string.Create(
            CultureInfo.InvariantCulture,
            $"the target has no space left: {Message}; free some, it is tried again at {Until.UtcDateTime:HH:mm:ss} UTC, or at once after a pause and a resume"),
    };

    /// <summary>The sentence of the first shard that has no space; null when all have some.</summary>
    public static string? Of(BackfillProgress progress) =>
        progress.Paces.FirstOrDefault(pace => pace.Signal == SignalName) is { } pace ? $"shard '{pace.Shard}': {pace.Message}" : null;
}
