using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Output;
using Coordinator.V1;
using Severity = Coordinator.V1.TargetFinding.Types.Severity;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator target check TARGET</c></summary>
internal static class TargetCheckCommand
{
    private const string Epilogue = """
        Examples:
          coordinator target check shop
          coordinator target check shop --table review --table sales.order    also the rights on these tables

        It changes nothing. It ends with 0 when a migration can run (warnings included), 4 when there is an error.
        """;

    public static Command Create(CommandRunner runner)
    {
        var target = new Argument<string>("TARGET") { Description = "The target's name in the server's configuration." };
        var tables = new Option<string[]>("--table", "-t")
        {
            Description = "A table (or schema.table) whose rights are checked too; may be repeated.",
            HelpName = "TABLE",
        };
        var command = new Command("check", "Check versions, rights, replication and room of a target. Changes nothing.") { target, tables };
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            var request = new CheckTargetRequest { Target = context.Get(target) };
            request.Tables.AddRange(context.Get(tables) ?? []);
            var response = await context.Client.Migrations.CheckTargetAsync(request, context.Target(cancellationToken));
            context.Results.WriteList(
                response, "finding", response.Findings, (writer, palette) => Write(writer, palette, response));
            return response.Findings.Any(static f => f.Severity == Severity.Error) ? ExitCode.Blocked : ExitCode.Done;
        });
    }

    private static void Write(TextWriter writer, Palette palette, CheckTargetResponse response)
    {
        var table = new TextTable("", "SHARD", "CODE", "WHAT WAS FOUND");
        foreach (var finding in response.Findings)
        {
            var cell = finding.Severity switch
            {
                Severity.Ok => new Cell("ok", palette.Green),
                Severity.Warning => new Cell("warning", palette.Yellow),
                _ => new Cell("ERROR", palette.Red),
            };
            table.Add(cell, finding.Shard, finding.Code, finding.Message);
        }

        table.Write(writer, palette);
        foreach (var finding in response.Findings.Where(static f => f.Remedy.Length > 0 && f.Severity != Severity.Ok))
        {
            writer.WriteLine();
            writer.WriteLine($"{PlainText.Line(finding.Code)}, what to do: {PlainText.Block(finding.Remedy)}");
        }
    }
}
