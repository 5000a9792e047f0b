using System.CommandLine;

namespace Coordinator.Cli.Migrations;

internal static class MigrationArgument
{
    public static Argument<string> Create() => new("NAME") { Description = "The migration's name." };
}
