using System.CommandLine;

namespace Coordinator.Cli.Readiness;

internal static class VersionArgument
{
    public static Argument<long> Create()
    {
        var argument = new Argument<long>("VERSION") { Description = "The schema version that the application reports: a number above 0." };
        argument.Validators.Add(static result =>
        {
            // A text that is no number has its own error already; asking for its value would throw.
            if (result.Tokens.Count == 1
                && long.TryParse(result.Tokens[0].Value, System.Globalization.CultureInfo.InvariantCulture, out var version)
                && version < 1)
            {
                result.AddError($"A schema version is above 0, not {result.Tokens[0].Value}.");
            }
        });
        return argument;
    }
}
