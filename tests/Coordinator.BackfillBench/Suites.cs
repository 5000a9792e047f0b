using Coordinator.BackfillBench.Claims;
using Coordinator.BackfillBench.Crowd;
using Coordinator.BackfillBench.Foreground;
using Coordinator.BackfillBench.Segments;
using Coordinator.BackfillBench.Service;

namespace Coordinator.BackfillBench;

/// <summary>What can be asked for, each with the project's aims that it answers.</summary>
internal static class Suites
{
    public static async Task RunAsync(BenchCluster cluster, BenchOptions options)
    {
        foreach (var suite in options.Suites)
        {
            await (suite switch
            {
                "shapes" => ShapesAsync(cluster, options),
                "trigger" => TriggerAsync(cluster, options),
                "scale" => ScaleAsync(cluster, options),
                "claims" => ClaimSuite.RunAsync(cluster, Math.Max(options.Rows / 500, 5_000), options.Repetitions),
                "crowd" => CrowdSuite.RunAsync(cluster, Math.Max(options.Rows / 100, 20_000), options.Repetitions),
                "foreground" => ForegroundSuite.RunAsync(cluster, options.Rows, options.Repetitions),
                _ => throw new ArgumentOutOfRangeException(nameof(options), suite, "No suite is called that."),
            });
        }
    }

    private static async Task ShapesAsync(BenchCluster cluster, BenchOptions options)
    {
        Segment[] segments =
        [
            BareSegments.OneUpdate,
            BareSegments.OneGo(1, options.BatchRows),
            BareSegments.OneGo(2, options.BatchRows),
            BareSegments.Naive,
            CoordinatedSegments.Loop(1, options.BatchRows),
            CoordinatedSegments.Loop(2, options.BatchRows),
            CoordinatedSegments.Loop(4, options.BatchRows),
            CoordinatedSegments.Plain(1, options.BatchRows),
            CoordinatedSegments.Plain(2, options.BatchRows),
            CoordinatedSegments.Plain(4, options.BatchRows),
            CoordinatedSegments.Default(1),
            CoordinatedSegments.Default(2),
        ];
        var comparison = new Comparison(cluster, options.Rows, options);
        await comparison.RunAsync(segments);
        comparison.Print("Shapes, no trigger", "one UPDATE", segments);
        comparison.Aim("coordinated ×1", "bare loop ×1", 0.95);
        comparison.Aim("coordinated ×2", "bare loop ×2", 0.95);
        comparison.Aim("coordinated ×4", "bare loop ×4", 0.95);
        comparison.Aim("coordinated, own sizes ×1", "one UPDATE", 0.9);
        comparison.Aim("coordinated, own sizes ×2", "one UPDATE", 1.4);
    }

    private static async Task TriggerAsync(BenchCluster cluster, BenchOptions options)
    {
        Segment[] segments =
        [
            PgrollSegment.Keyset,
            BareSegments.OneUpdate,
            CoordinatedSegments.LoopInSync(1, options.BatchRows),
            CoordinatedSegments.LoopInSync(2, options.BatchRows),
            CoordinatedSegments.InSync(1, options.BatchRows),
            CoordinatedSegments.InSync(2, options.BatchRows),
            CoordinatedSegments.DefaultInSync(1),
            CoordinatedSegments.DefaultInSync(2),
        ];
        var comparison = new Comparison(cluster, options.Rows, options);
        await comparison.RunAsync(segments);
        comparison.Print("With the sync trigger in place", "pgroll's way", segments);
        comparison.Aim("coordinated, in sync, own sizes ×1", "pgroll's way", 1.5);
        comparison.Aim("coordinated, in sync, own sizes ×2", "pgroll's way", 2.2);
        comparison.Aim("coordinated, in sync, own sizes ×1", "one UPDATE", 0.9);
        comparison.Aim("coordinated, in sync, own sizes ×2", "one UPDATE", 1.4);
        comparison.Aim("coordinated, in sync ×1", "bare loop, in sync ×1", 0.95);
        comparison.Aim("coordinated, in sync ×2", "bare loop, in sync ×2", 0.95);
    }

    private static async Task ScaleAsync(BenchCluster cluster, BenchOptions options)
    {
        // One after the other, because a table of ten times the size takes ten times as long; each beside a bare loop of its own size.
        foreach (var rows in (int[])[options.Rows / 10, options.Rows])
        {
            Segment[] segments =
            [
                BareSegments.OneGo(2, options.BatchRows),
                CoordinatedSegments.Plain(2, options.BatchRows),
                CoordinatedSegments.DefaultInSync(2),
            ];
            var comparison = new Comparison(cluster, rows, options);
            await comparison.RunAsync(segments);
            comparison.Print("Size of the table", "bare loop, one go ×2", segments);
        }
    }
}
