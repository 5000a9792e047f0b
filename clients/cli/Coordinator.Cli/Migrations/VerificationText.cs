using System.Globalization;
using Coordinator.Cli.Output;
using Coordinator.V1;
using VerificationState = Coordinator.V1.Verification.Types.State;

namespace Coordinator.Cli.Migrations;

/// <summary>Verifications for people: how far the one is that runs, and what the last one found.</summary>
internal static class VerificationText
{
    public static void Write(TextWriter writer, Palette palette, IReadOnlyCollection<Verification> verifications)
    {
        if (verifications.Count == 0)
        {
            return;
        }

        writer.WriteLine();
        var table = new TextTable("VERIFICATION", "TABLE", "STATE", "READ", "DIFFER", "LAST ENDED", "DIFFERED");
        foreach (var verification in verifications)
        {
            table.Add(
                verification.Step,
                verification.Table,
                new Cell(EnumText.Of(verification.State), Paint(verification.State, palette)),
                verification.State == VerificationState.Good ? "all" : NumberText.Percent(verification.DoneBlockCount, verification.BlockCount),
                NumberText.Of(verification.DifferenceCount),
                TimeText.Of(verification.LastEndTime),
                verification.LastEndTime is null ? "" : NumberText.Of(verification.LastDifferenceCount));
        }

        table.Write(writer, palette);
        foreach (var verification in verifications)
        {
            if (verification.HeldMessage.Length > 0)
            {
                writer.WriteLine($"  {verification.Step} waits: {PlainText.Line(verification.HeldMessage)}");
            }

            if (verification.LastDifferenceCount > 0 && verification.LastExamples.Length > 0)
            {
                writer.WriteLine($"  rows that differed in {verification.Step}: {PlainText.Line(verification.LastExamples)}");
            }
        }
    }

    /// <summary>One line about a pass that runs; null about one that does not.</summary>
    public static string? Running(Verification verification)
    {
        if (verification.State != VerificationState.Running)
        {
            return null;
        }

        var held = verification.HeldMessage.Length > 0 ? $"; waits: {verification.HeldMessage}" : "";
        return PlainText.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"verifying {verification.Table}: {NumberText.Percent(verification.DoneBlockCount, verification.BlockCount)} read, {NumberText.Of(verification.DifferenceCount)} rows differ{held}"));
    }

    private static Func<string, string> Paint(VerificationState state, Palette palette) => state switch
    {
        VerificationState.Good => palette.Green,
        VerificationState.Different => palette.Red,
        VerificationState.Running => palette.Bold,
        _ => palette.Dim,
    };
}
