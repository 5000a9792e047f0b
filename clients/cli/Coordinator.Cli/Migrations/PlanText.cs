using Coordinator.Cli.Output;
using Coordinator.V1;

namespace Coordinator.Cli.Migrations;

/// <summary>A plan for somebody who has to approve it: every phase, every step, every statement.</summary>
internal static class PlanText
{
    public static void Write(TextWriter writer, Palette palette, Migration migration)
    {
        MigrationText.WriteHeadline(writer, palette, migration);
        foreach (var phase in migration.Steps.GroupBy(static step => step.Phase))
        {
            writer.WriteLine();
            writer.WriteLine($"{palette.Bold(EnumText.Of(phase.Key))}{palette.Dim(Explain(phase.Key))}");
            foreach (var step in phase)
            {
                WriteStep(writer, palette, step);
            }
        }

        MigrationText.WriteWarnings(writer, palette, migration);
    }

    /// <summary>What strict mode needs and the target does not have: the migration would not start.</summary>
    public static void WriteStrictFindings(TextWriter writer, Palette palette, PlanMigrationResponse response)
    {
        foreach (var finding in response.StrictFindings)
        {
            writer.WriteLine();
            writer.WriteLine($"{palette.Yellow("strict mode:")} {PlainText.Line(finding.Shard)}: {PlainText.Line(finding.Message)}");
            writer.WriteLine($"  what to do: {PlainText.Block(finding.Remedy)}");
        }
    }

    private static void WriteStep(TextWriter writer, Palette palette, Step step)
    {
        writer.WriteLine($"  {step.Id}: {PlainText.Line(step.Description)}");
        foreach (var line in step.Statements.SelectMany(static sql => PlainText.Block(sql).Split('\n')))
        {
            writer.WriteLine($"      {palette.Dim(line.TrimEnd())}".TrimEnd());
        }
    }

    private static string Explain(Step.Types.Phase phase) => phase switch
    {
        Step.Types.Phase.Expand => "  adds; suits old and new versions",
        Step.Types.Phase.Migrate => "  fills and verifies; after it the new version may be deployed",
        Step.Types.Phase.Contract => "  drops what only old versions use; runs once none of them is left",
        _ => "",
    };
}
