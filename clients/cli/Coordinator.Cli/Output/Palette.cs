namespace Coordinator.Cli.Output;

/// <summary>Colours where a terminal shows them, and plain text everywhere else. Colour never carries what the words don't.</summary>
internal sealed class Palette(bool enabled)
{
    public static Palette None { get; } = new(enabled: false);

    public bool Enabled => enabled;

    public string Bold(string text) => Paint("1", text);

    public string Dim(string text) => Paint("2", text);

    public string Red(string text) => Paint("31", text);

    public string Green(string text) => Paint("32", text);

    public string Yellow(string text) => Paint("33", text);

    private string Paint(string code, string text) => enabled && text.Length > 0 ? $"\u001b[{code}m{text}\u001b[0m" : text;
}
