using Coordinator.V1;

namespace Coordinator.Cli.Output;

/// <summary>Blockers for people: each with what would clear it, because that is the question at night.</summary>
internal static class BlockerText
{
    public static void Write(
        TextWriter writer, Palette palette, IEnumerable<Blocker> blockers, string indent, string toClear = "to clear it")
    {
        foreach (var blocker in blockers)
        {
            var subject = blocker.Subject.Length == 0 ? "" : $" {palette.Bold(PlainText.Line(blocker.Subject))}";
            var question = blocker.HasQuestion ? $" ({PlainText.Line(blocker.Question)})" : "";
            writer.WriteLine(
                $"{indent}- {palette.Yellow(PlainText.Line(blocker.Code))}{subject}{question}: {PlainText.Line(blocker.Message)}");
            if (blocker.ClearedBy.Length > 0)
            {
                writer.WriteLine($"{indent}    {toClear}: {PlainText.Line(blocker.ClearedBy)}");
            }
        }
    }

    public static string Line(Blocker blocker) =>
        PlainText.Line($"{blocker.Code} {blocker.Subject}: {blocker.Message}");
}
