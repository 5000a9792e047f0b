using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
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
          coordinator target check shop --spec rename.yaml          also what this migration needs, strict mode included
          coordinator target check shop --spec rename.yaml --sql | psql shop   only the SQL that sets strict mode up

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
        var spec = new Option<string>("--spec")
        {
            Description = "A migration's YAML file; - for standard input. Its tables and its strict mode are checked too.",
            HelpName = "FILE",
        };
        var sql = new Option<bool>("--sql")
        {
            Description = "Print only the SQL with which an administrator sets up what the specification's strict mode needs.",
        };
        var command = new Command("check", "Check versions, rights, replication and room of a target. Changes nothing.")
        {
            target, tables, spec, sql,
        };
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            var request = new CheckTargetRequest { Target = context.Get(target) };
            request.Tables.AddRange(context.Get(tables) ?? []);
            if (context.Get(spec) is { } file)
            {
                request.Yaml = await SpecFile.ReadAsync(file, context.Environment, cancellationToken);
            }

            if (context.Get(sql) && request.Yaml.Length == 0)
            {
                throw new UsageException(
                    "--sql needs a specification: the SQL is what its strict mode needs.", "Add --spec FILE.");
            }

            var response = await context.Client.Migrations.CheckTargetAsync(request, context.Target(cancellationToken));
            if (context.Get(sql))
            {
                context.Results.Write(response, (writer, _) => WriteScripts(writer, response));
                return ExitCode.Done;
            }

            context.Results.WriteList(
                response, "finding", response.Findings, (writer, palette) => Write(writer, palette, response));
            return response.Findings.Any(static f => f.Severity == Severity.Error) ? ExitCode.Blocked : ExitCode.Done;
        });
    }

    private static void WriteScripts(TextWriter writer, CheckTargetResponse response)
    {
        foreach (var script in response.SetupScripts)
        {
            writer.WriteLine($"-- shard {PlainText.Line(script.Shard)}");
            writer.WriteLine(PlainText.Block(script.Sql).TrimEnd());
        }

        if (response.SetupScripts.Count == 0)
        {
            writer.WriteLine("-- The specification has no application in strict mode: nothing is to be set up.");
        }
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
