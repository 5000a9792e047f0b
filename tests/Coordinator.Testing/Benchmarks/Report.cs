namespace Coordinator.Testing.Benchmarks;

/// <summary>What a benchmark prints: figures on the standard output, what it does meanwhile on the other.</summary>
public static class Report
{
    /// <summary>A line of the result.</summary>
    public static void Line(string text = "") => Console.WriteLine(text);

    /// <summary>What is going on, for whoever waits.</summary>
    public static void Meanwhile(string text) => Console.Error.WriteLine(text);

    /// <summary>An aim of the project and whether this run meets it.</summary>
    public static void Aim(string what, bool met) => Line($"  aim: {what} {(met ? "met" : "MISSED")}");
}
