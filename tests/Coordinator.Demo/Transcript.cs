using System.Diagnostics;
using System.Globalization;

namespace Coordinator.Demo;

/// <summary>What happens, line by line, with the seconds since the start.</summary>
internal sealed class Transcript(TextWriter output)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Lock _lock = new();

    public TimeSpan Elapsed => _clock.Elapsed;

    public void Say(string text)
    {
        lock (_lock)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_clock.Elapsed.TotalSeconds,6:0.0}s  {text}"));
        }
    }

    /// <summary>Output of a command, indented under the line that ran it.</summary>
    public void Quote(string text)
    {
        lock (_lock)
        {
            foreach (var line in text.TrimEnd().Split('\n'))
            {
                output.WriteLine($"         | {line}");
            }
        }
    }

    public void Heading(string text)
    {
        lock (_lock)
        {
            output.WriteLine();
            output.WriteLine(text);
        }
    }

    public void Row(string text)
    {
        lock (_lock)
        {
            output.WriteLine($"  {text}");
        }
    }
}
