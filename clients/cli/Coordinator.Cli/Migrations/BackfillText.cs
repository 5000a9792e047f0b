using System.Globalization;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Output;
using Coordinator.V1;

namespace Coordinator.Cli.Migrations;

/// <summary>Backfills for people: how far, how fast, how long still, and what holds them back.</summary>
internal static class BackfillText
{
    public static void Write(TextWriter writer, Palette palette, IReadOnlyCollection<Backfill> backfills)
    {
        if (backfills.Count == 0)
        {
            return;
        }

        writer.WriteLine();
        var table = new TextTable("BACKFILL", "TABLE", "DONE", "ROWS", "ROWS/S", "LEFT", "BATCHES", "RUNNING", "TAKEN OVER");
        foreach (var backfill in backfills)
        {
            table.Add(
                ResourceName.Last(backfill.Name),
                backfill.Table,
                MigrationText.Progress(backfill),
                NumberText.Of(backfill.RowCount),
                Rate(backfill),
                Left(backfill),
                NumberText.Of(backfill.BatchCount),
                NumberText.Of(backfill.RunningBatchCount),
                NumberText.Of(backfill.TakeoverCount));
        }

        table.Write(writer, palette);
        foreach (var backfill in backfills.Where(static backfill => !backfill.Finished))
        {
            foreach (var pace in backfill.Paces.Where(static pace => pace.Message.Length > 0))
            {
                writer.WriteLine($"  pace of {ResourceName.Last(backfill.Name)}: {Pace(backfill, pace)}");
            }

            if (backfill.LastFailureMessage.Length > 0)
            {
                writer.WriteLine($"  last failure of {ResourceName.Last(backfill.Name)}: {PlainText.Line(backfill.LastFailureMessage)}");
            }
        }
    }

    /// <summary>The decision in force, with the shard where there are several, the size of batches, and since when.</summary>
    public static string Pace(Backfill backfill, BackfillPace pace)
    {
        var shard = backfill.Paces.Count > 1 ? $"{pace.Shard}: " : "";
        var since = pace.SinceTime is { } time ? $", since {TimeText.Of(time)}" : "";
        var size = backfill.BlockKeyCount == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{pace.BatchBlockCount} blocks")
            : string.Create(CultureInfo.InvariantCulture, $"about {pace.BatchBlockCount * backfill.BlockKeyCount} rows by key");
        return PlainText.Line($"{shard}{pace.Message} (batches of {size}{since})");
    }

    /// <summary>What can be said about the time that is left.</summary>
    public static string Left(Backfill backfill) => backfill.Estimate switch
    {
        Backfill.Types.Estimate.Estimated when backfill.RemainingDuration is { } left => $"about {DurationText.Format(left.ToTimeSpan())}",
        Backfill.Types.Estimate.Throttled => "throttled",
        Backfill.Types.Estimate.Paused => "paused",
        Backfill.Types.Estimate.Unknown => "unknown",
        _ => "",
    };

    private static string Rate(Backfill backfill) =>
        !backfill.Finished && backfill.HasRowsPerSecond ? NumberText.Of((long)backfill.RowsPerSecond)
        : backfill.HasMeanRowsPerSecond ? $"{NumberText.Of((long)backfill.MeanRowsPerSecond)} mean"
        : "";
}
