using System.Text.RegularExpressions;
using Coordinator.Cli.Output;
using Coordinator.Client;

namespace Coordinator.Cli.Migrations;

/// <summary>What is wrong with a specification, as compilers say it, so that editors jump to the place: FILE:LINE:COLUMN.</summary>
internal static partial class SpecErrors
{
    public static void Write(TextWriter error, Palette palette, string file, IReadOnlyList<CoordinatorViolation> violations)
    {
        foreach (var violation in violations)
        {
            var (place, path) = Split(file, violation.Subject);
            var at = path.Length == 0 ? "" : $"{PlainText.Line(path)}: ";
            error.WriteLine(
                $"{palette.Bold(PlainText.Line(place))}: {palette.Red("error")} {PlainText.Line(violation.Code)}: {at}{PlainText.Line(violation.Description)}");
        }
    }

    private static (string Place, string Path) Split(string file, string subject) =>
        Position().Match(subject) is { Success: true } match
            ? ($"{file}:{match.Groups[1].Value}", match.Groups[2].Value)
            : (file, subject);

    // The service puts the position in front of the path: "3:5 operations[0].rename_column.from".
    [GeneratedRegex(@"^(\d+:\d+)(?:\s+(.*))?$", RegexOptions.Singleline)]
    private static partial Regex Position();
}
