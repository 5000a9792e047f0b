using System.Globalization;

namespace Coordinator.Testing.Benchmarks;

/// <summary>What Linux says of a process that runs.</summary>
public static class ProcessFigures
{
    // USER_HZ; 100 on every architecture that .NET runs on.
    private const double TicksPerSecond = 100;

    /// <summary>The processor time of a process and its children: what it reaped, and those that run. PostgreSQL is a process for each session.</summary>
    public static TimeSpan ProcessorTimeWithChildren(int pid)
    {
        var parent = pid.ToString(CultureInfo.InvariantCulture);
        var ticks = Stat(pid) is { } own ? own.Skip(11).Take(4).Sum(Number) : 0;
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var other)
                && Stat(other) is { } child && child[1] == parent)
            {
                ticks += child.Skip(11).Take(2).Sum(Number);
            }
        }

        return TimeSpan.FromSeconds(ticks / TicksPerSecond);
    }

    /// <summary>The memory that a process has resident now, in bytes.</summary>
    public static long ResidentMemory(int pid) => 1024 * long.Parse(
        File.ReadLines($"/proc/{pid}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);

    // Behind the name, which may hold blanks: state, parent, …, utime (11), stime, cutime, cstime.
    private static string[]? Stat(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            // It has ended since.
            return null;
        }
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
