using Coordinator.Cli.Invocation;
using Coordinator.V1;
using Google.Protobuf;

namespace Coordinator.Cli.Migrations;

/// <summary>The answer of a command that changed a migration: how it stands now.</summary>
internal static class MigrationAnswer
{
    public static int Write(CommandContext context, IMessage response, Migration migration)
    {
        context.Results.Write(response, (writer, palette) =>
        {
            MigrationText.WriteHeadline(writer, palette, migration);
            MigrationText.WriteWarnings(writer, palette, migration);
        });
        return ExitCode.Done;
    }
}
