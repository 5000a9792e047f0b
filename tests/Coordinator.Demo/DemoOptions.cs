using System.Globalization;

namespace Coordinator.Demo;

/// <summary>What the demo is told on its command line.</summary>
internal sealed record DemoOptions(int Rows, bool Keep)
{
    public const string Usage = "usage: demo [--rows N] [--keep]    N accounts, from 2000 (1,000,000 by default); --keep leaves the files";

    private const int FewestRows = 2000;

    public static DemoOptions? Parse(string[] arguments)
    {
        var options = new DemoOptions(1_000_000, false);
        for (var index = 0; index < arguments.Length; index++)
        {
            if (arguments[index] == "--keep")
            {
                options = options with { Keep = true };
            }
            else if (arguments[index] == "--rows"
                && index + 1 < arguments.Length
                && int.TryParse(arguments[++index], NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var rows)
                && rows >= FewestRows)
            {
                options = options with { Rows = rows };
            }
            else
            {
                return null;
            }
        }

        return options;
    }
}
