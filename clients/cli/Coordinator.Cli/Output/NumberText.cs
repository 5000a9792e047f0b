using System.Globalization;

namespace Coordinator.Cli.Output;

internal static class NumberText
{
    public static string Of(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    public static string Version(long version) => version.ToString(CultureInfo.InvariantCulture);

    /// <summary>Rounded down: 100 % is only said of what is done.</summary>
    public static string Percent(long done, long all) =>
        all <= 0 ? "0.0 %" : (Math.Floor(1000.0 * done / all) / 10).ToString("0.0' %'", CultureInfo.InvariantCulture);
}
