namespace Coordinator.Cli.Output;

/// <summary>One cell of a table: its text, which sets the width, and how it is painted.</summary>
internal readonly record struct Cell(string Text, Func<string, string>? Paint = null)
{
    public static implicit operator Cell(string text) => new(text);
}
