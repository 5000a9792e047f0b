using System.Globalization;

namespace Coordinator.BackfillBench;

/// <summary>What the benchmark is told on its command line.</summary>
internal sealed record BenchOptions(int Rows, int Repetitions, int BatchRows, IReadOnlyList<string> Suites, string Only)
{
    public const string Usage =
        """
        usage: bench-backfill [--quick] [--rows N] [--repetitions N] [--batch-rows N] [--only TEXT] [SUITE …]
          --quick    a smoke run of a minute: 200,000 rows, once; its figures say nothing
          --only     only segments whose name contains the text, beside the one that they are compared with
          SUITE      shapes, trigger, scale, claims, crowd, foreground; several, or 'all'. Without one: shapes and trigger
        Figures are ratios within one run: segments are shuffled anew in each repetition, medians with min and max are shown.
        """;

    private static readonly string[] All = ["shapes", "trigger", "scale", "claims", "crowd", "foreground"];

    public static BenchOptions? Parse(string[] arguments)
    {
        var options = new BenchOptions(5_000_000, 5, 5_000, [], "");
        for (var index = 0; index < arguments.Length; index++)
        {
            switch (arguments[index])
            {
                case "--quick":
                    options = options with { Rows = 200_000, Repetitions = 1 };
                    break;
                case "--rows" when Number(arguments, ++index) is { } rows:
                    options = options with { Rows = rows };
                    break;
                case "--repetitions" when Number(arguments, ++index) is { } repetitions:
                    options = options with { Repetitions = repetitions };
                    break;
                case "--batch-rows" when Number(arguments, ++index) is { } batchRows:
                    options = options with { BatchRows = batchRows };
                    break;
                case "--only" when index + 1 < arguments.Length:
                    options = options with { Only = arguments[++index] };
                    break;
                case "all":
                    options = options with { Suites = All };
                    break;
                case var suite when All.Contains(suite):
                    options = options with { Suites = [.. options.Suites, suite] };
                    break;
                default:
                    return null;
            }
        }

        return options.Suites.Count > 0 ? options : options with { Suites = ["shapes", "trigger"] };
    }

    private static int? Number(string[] arguments, int index) =>
        index < arguments.Length
        && int.TryParse(arguments[index], NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var number)
        && number > 0
            ? number
            : null;
}
