using Coordinator.Cli.Output;
using Coordinator.V1;
using MigrationState = Coordinator.V1.Migration.Types.State;
using StepState = Coordinator.V1.Step.Types.State;

namespace Coordinator.Cli.Migrations;

/// <summary>A migration for people: what it does, why it waits, and how far its parts are.</summary>
internal static class MigrationText
{
    public static void WriteStatus(TextWriter writer, Palette palette, Migration migration)
    {
        WriteHeadline(writer, palette, migration);
        if (migration.Blockers.Count > 0)
        {
            writer.WriteLine();
            writer.WriteLine($"Why it waits ({migration.Blockers.Count}):");
            BlockerText.Write(writer, palette, migration.Blockers, "  ");
        }

        if (MigrationProgress.NeedsPerson(migration) is { } need)
        {
            writer.WriteLine();
            writer.WriteLine($"{palette.Red("It needs a person")}: {PlainText.Line(need)}");
        }

        WriteSteps(writer, palette, migration);
        BackfillText.Write(writer, palette, migration.Backfills);
        VerificationText.Write(writer, palette, migration.Verifications);
        WriteWarnings(writer, palette, migration);
    }

    /// <summary>Two lines: what it is, and what it does or waits for.</summary>
    public static void WriteHeadline(TextWriter writer, Palette palette, Migration migration)
    {
        var facts = new List<string> { $"target {migration.Target}" };
        if (migration.State == MigrationState.Running && migration.GateStage is not Migration.Types.GateStage.Unspecified)
        {
            facts.Add($"gate {EnumText.Of(migration.GateStage)}");
        }

        facts.AddRange(migration.Versions
            .OrderBy(static v => v.Key, StringComparer.Ordinal)
            .Select(static v => VersionsOf(v.Key, v.Value)));
        writer.WriteLine(
            $"{palette.Bold(PlainText.Line(ResourceName.Last(migration.Name)))}  {StateCell(migration, palette).Painted()}  {PlainText.Line(string.Join(", ", facts))}");
        if (migration.StatusMessage.Length > 0)
        {
            writer.WriteLine($"  {PlainText.Line(migration.StatusMessage)}");
        }
    }

    public static void WriteWarnings(TextWriter writer, Palette palette, Migration migration)
    {
        if (migration.Warnings.Count == 0)
        {
            return;
        }

        writer.WriteLine();
        foreach (var warning in migration.Warnings)
        {
            writer.WriteLine($"{palette.Yellow("warning")}: {PlainText.Line(warning)}");
        }
    }

    public static Cell StateCell(Migration migration, Palette palette)
    {
        var text = MigrationProgress.FailedStep(migration) is null || MigrationProgress.HasEnded(migration)
            ? EnumText.Of(migration.State)
            : $"{EnumText.Of(migration.State)} (step failed)";
        return new Cell(text, text.EndsWith(')') ? palette.Red : migration.State switch
        {
            MigrationState.Completed => palette.Green,
            MigrationState.Paused or MigrationState.RollingBack => palette.Yellow,
            _ => palette.Bold,
        });
    }

    public static string VersionsOf(string application, VersionRule rule) =>
        rule.UsesNewFrom == rule.FreeOfOldFrom
            ? $"{application} new from {NumberText.Version(rule.UsesNewFrom)}"
            : $"{application} new from {NumberText.Version(rule.UsesNewFrom)}, free of old from {NumberText.Version(rule.FreeOfOldFrom)}";

    public static string Progress(Backfill backfill) => backfill.Finished
        ? "done"
        : NumberText.Percent(backfill.DoneBlockCount, backfill.BlockCount);

    private static string Painted(this Cell cell) => cell.Paint?.Invoke(cell.Text) ?? cell.Text;

    private static void WriteSteps(TextWriter writer, Palette palette, Migration migration)
    {
        if (migration.Steps.Count == 0)
        {
            return;
        }

        writer.WriteLine();
        var table = new TextTable("PHASE", "STEP", "STATE", "WHAT IT DOES");
        foreach (var step in migration.Steps)
        {
            var attempts = step.AttemptCount > 1 ? $" (attempt {step.AttemptCount})" : "";
            table.Add(
                EnumText.Of(step.Phase),
                step.Id,
                new Cell($"{EnumText.Of(step.State)}{attempts}", StepPaint(step.State, palette)),
                step.FailureMessage.Length > 0 && step.State != StepState.Completed
                    ? $"{step.Description}: {step.FailureMessage}"
                    : step.Description);
        }

        table.Write(writer, palette);
    }

    private static Func<string, string> StepPaint(StepState state, Palette palette) => state switch
    {
        StepState.Completed => palette.Green,
        StepState.Failed => palette.Red,
        StepState.Started => palette.Bold,
        _ => palette.Dim,
    };
}
