using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.Cli.Output;
using Coordinator.Client;
using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator plan FILE</c></summary>
internal static class PlanCommand
{
    private const string Epilogue = """
        Examples:
          coordinator plan rename.yaml --dry-run     show every phase, step and statement; record nothing
          coordinator plan rename.yaml               record it, so that 'coordinator start' can run it
          cat rename.yaml | coordinator plan - -o json

        A specification that can't be used is reported with all its errors, each as FILE:LINE:COLUMN, and ends with 2.
        """;

    public static Command Create(CommandRunner runner)
    {
        var file = new Argument<string>("FILE") { Description = "The migration's YAML file; - for standard input." };
        var validateOnly = new Option<bool>("--validate-only", "--dry-run")
        {
            Description = "Only compile against the target's catalogue and show; record nothing.",
        };
        var command = new Command("plan", "Compile a migration against its target, show all its SQL, and record it. The target is not touched.")
        {
            file, validateOnly,
        };
        return runner.Bind(command, Epilogue, (context, cancellationToken) =>
            RunAsync(context, context.Get(file), context.Get(validateOnly), cancellationToken));
    }

    private static async Task<int> RunAsync(
        CommandContext context, string file, bool validateOnly, CancellationToken cancellationToken)
    {
        var request = new PlanMigrationRequest
        {
            Yaml = await SpecFile.ReadAsync(file, context.Environment, cancellationToken),
            ValidateOnly = validateOnly,
            RequestId = context.RequestId,
        };
        try
        {
            var response = await context.Client.Migrations.PlanMigrationAsync(request, context.Target(cancellationToken));
            context.Results.Write(response, (writer, palette) =>
            {
                PlanText.Write(writer, palette, response.Migration);
                PlanText.WriteStrictFindings(writer, palette, response);
            });
            Advise(context, response.Migration, validateOnly);
            return ExitCode.Done;
        }
        catch (CoordinatorException exception) when (
            context.Format == OutputFormat.Table
            && exception is { StatusCode: StatusCode.InvalidArgument, FieldViolations.Count: > 0 })
        {
            SpecErrors.Write(
                context.Notes, context.Environment.ErrorPalette, file == "-" ? "<stdin>" : file, exception.FieldViolations);
            return ExitCode.Usage;
        }
    }

    private static void Advise(CommandContext context, Migration migration, bool validateOnly)
    {
        var name = ResourceName.Last(migration.Name);
        context.Note(validateOnly
            ? "Nothing was recorded. Without --validate-only it is."
            : $"Recorded; the target is untouched. Next: coordinator start {name}");
    }
}
