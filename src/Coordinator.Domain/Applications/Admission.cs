using System.Globalization;

namespace Coordinator.Domain.Applications;

/// <summary>Whether a version may start now: inside <c>[floor, ceiling)</c>.</summary>
public static class Admission
{
    public const string Retired = "VERSION_RETIRED";

    public const string NotReady = "VERSION_NOT_READY";

    public const string Invalid = "VERSION_INVALID";

    /// <summary>Null when the version is admitted.</summary>
    public static Rejection? Check(long version, long floor, long? ceiling) => Check(version, floor, ceiling, [], []);

    /// <summary>As the other, naming the migrations that narrow the interval.</summary>
    public static Rejection? Check(long version, ApplicationState application)
    {
        ArgumentNullException.ThrowIfNull(application);
        return Check(
            version,
            application.Floor,
            application.Ceiling,
            [.. application.Retirements.Where(r => version < r.Value).Select(static r => r.Key).Order(StringComparer.Ordinal)],
            [.. application.Ceilings.Where(c => version >= c.Value).Select(static c => c.Key).Order(StringComparer.Ordinal)]);
    }

    private static Rejection? Check(long version, long floor, long? ceiling, IReadOnlyList<string> retiredBy, IReadOnlyList<string> notReadyFor)
    {
        if (version < 1)
        {
            return new Rejection(
                Invalid,
                string.Create(CultureInfo.InvariantCulture, $"Schema version {version} is not a version: versions start at 1."),
                "Report the newest schema version that the application was built for.",
                Kind: RejectionKind.InvalidArgument);
        }

        if (version < floor)
        {
            return new Rejection(
                Retired,
                $"Version {Text(version)} is retired{By(retiredBy)}; {Interval(floor, ceiling)}.",
                $"Start version {Text(floor)} or newer.",
                About(version, floor, ceiling, retiredBy));
        }

        return version >= ceiling
            ? new Rejection(
                NotReady,
                $"Version {Text(version)} needs a structure that is not complete yet{By(notReadyFor)}; {Interval(floor, ceiling)}.",
                "Ask readiness and start it when the migration's new structure is complete, or start an older version.",
                About(version, floor, ceiling, notReadyFor))
            : null;
    }

    private static string By(IReadOnlyList<string> migrations) => migrations.Count switch
    {
        0 => "",
        1 => $" (migration {migrations[0]})",
        _ => $" (migrations {string.Join(", ", migrations)})",
    };

    private static string Interval(long floor, long? ceiling) => (floor, ceiling) switch
    {
        ( <= 0, { } below) => $"versions below {Text(below)} may start",
        (_, null) => $"versions from {Text(floor)} may start",
        (_, { } below) => $"versions from {Text(floor)} and below {Text(below)} may start",
    };

    private static Dictionary<string, string> About(long version, long floor, long? ceiling, IReadOnlyList<string> migrations)
    {
        var about = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["version"] = Text(version),
            ["floor"] = Text(floor),
        };
        if (ceiling is { } below)
        {
            about["ceiling"] = Text(below);
        }

        if (migrations.Count > 0)
        {
            about["migrations"] = string.Join(",", migrations);
        }

        return about;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
