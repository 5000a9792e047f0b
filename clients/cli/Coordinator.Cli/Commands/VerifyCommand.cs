using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.Cli.Output;
using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator verify NAME</c></summary>
internal static class VerifyCommand
{
    private const string Epilogue = """
        It reads every row that was filled and compares old and new side, at the pace that the target bears. A migration verifies
        itself before its gate, while it waits there, and before its contract; this does it now.

        With --repair, rows that differ in two looks get the value that the backfill would give them: the new side follows the old.
        Once new versions may run, either side may be the right one, so --old-side-is-right must say that you looked. Rows in
        quarantine are left alone; 'coordinator quarantine' is for those.

        Examples:
          coordinator verify rename-balance
          coordinator verify rename-balance --repair && coordinator retry rename-balance

        It ends with 0 when no row differs, else with 4. Interrupting it ends the verification; what was repaired stays.
        """;

    public static Command Create(CommandRunner runner)
    {
        var name = MigrationArgument.Create();
        var repair = new Option<bool>("--repair") { Description = "Bring rows in sync that differ, from the old side." };
        var oldSide = new Option<bool>("--old-side-is-right")
        {
            Description = "With --repair, once new versions may run: the old side is right in every row that differs.",
        };
        var command = new Command("verify", "Compare old and new side of every row now; repair on request.") { name, repair, oldSide };
        command.Validators.Add(result =>
        {
            if (result.GetValue(oldSide) && !result.GetValue(repair))
            {
                result.AddError("--old-side-is-right belongs to --repair.");
            }
        });
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            var request = new VerifyMigrationRequest
            {
                Name = ResourceName.Migration(context.Get(name)),
                Repair = context.Get(repair),
                OldSideIsRight = context.Get(oldSide),
            };
            return await FollowAsync(context, request, cancellationToken);
        });
    }

    private static async Task<int> FollowAsync(CommandContext context, VerifyMigrationRequest request, CancellationToken cancellationToken)
    {
        using var call = context.Client.Migrations.VerifyMigration(request, cancellationToken: cancellationToken);
        VerifyMigrationResponse.Types.Outcome? outcome = null;
        var said = "";
        await foreach (var response in call.ResponseStream.ReadAllAsync(cancellationToken))
        {
            outcome = response.Outcome;
            foreach (var text in response.Verifications.Select(VerificationText.Running).OfType<string>().Where(text => text != said))
            {
                context.Note(text);
                said = text;
            }
        }

        if (outcome is null)
        {
            context.Note("The service ended the verification before it came to its end; run the command again.");
            return ExitCode.Temporary;
        }

        context.Results.Write(outcome, (writer, _) => Write(writer, outcome));
        return outcome.DifferenceCount == 0 ? ExitCode.Done : ExitCode.Blocked;
    }

    private static void Write(TextWriter writer, VerifyMigrationResponse.Types.Outcome outcome)
    {
        var repaired = outcome.RepairedRowCount > 0 ? $"{NumberText.Of(outcome.RepairedRowCount)} rows repaired; " : "";
        var differ = outcome.DifferenceCount == 0 ? "no row differs" : $"{NumberText.Of(outcome.DifferenceCount)} rows differ";
        writer.WriteLine($"{repaired}{differ} ({NumberText.Of(outcome.BlockCount)} blocks read).");
        foreach (var example in outcome.Examples)
        {
            writer.WriteLine($"  {PlainText.Line(example)}");
        }

        if (outcome.QuarantinedRowCount > 0)
        {
            writer.WriteLine($"{NumberText.Of(outcome.QuarantinedRowCount)} rows in quarantine were left out.");
        }
    }
}
