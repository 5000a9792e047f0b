namespace Coordinator.Engine.Leasing;

/// <summary>The time that is left of a backfill, where anything can be said about it.</summary>
internal static class BackfillEstimate
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    public static EstimateState StateOf(BackfillProgress progress) => progress switch
    {
        { State: BackfillRowState.Finished } => EstimateState.Finished,
        { State: BackfillRowState.Paused } => EstimateState.Paused,
        _ when progress.Paces.Any(pace => pace.Stopped) => EstimateState.Throttled,
        { BlocksPerSecond: > 0 } => EstimateState.Estimated,
        _ => EstimateState.Unknown,
    };

    public static TimeSpan LeftOf(BackfillProgress progress)
    {
        var seconds = Math.Max(progress.TotalBlocks - progress.DoneBlocks, 0) / progress.BlocksPerSecond!.Value;
        return seconds < Longest.TotalSeconds ? TimeSpan.FromSeconds(seconds) : Longest;
    }
}
