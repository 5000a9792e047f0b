namespace Coordinator.Testing.Benchmarks;

/// <summary>The body of a benchmark program.</summary>
public static class BenchProgram
{
    /// <summary>Runs it; a failure is printed, and everything that it disposes is stopped before the program ends.</summary>
    /// <returns>The exit code: 0, or 1 for a failure.</returns>
    public static async Task<int> RunAsync(Func<Task> run)
    {
        ArgumentNullException.ThrowIfNull(run);
        try
        {
            await run();
            return 0;
        }
#pragma warning disable CA1031 // The boundary of the program: whatever it was, it is said, and the processes have been stopped.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Report.Meanwhile(exception.ToString());
            return 1;
        }
    }
}
