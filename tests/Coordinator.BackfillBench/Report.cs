namespace Coordinator.BackfillBench;

/// <summary>What the run prints: figures on the standard output, what it does meanwhile on the other.</summary>
internal static class Report
{
    public static void Line(string text = "") => Console.WriteLine(text);

    public static void Meanwhile(string text) => Console.Error.WriteLine(text);

    /// <summary>An aim of the project and whether this run meets it.</summary>
    public static void Aim(string what, bool met) => Line($"  aim: {what} {(met ? "met" : "MISSED")}");
}
