namespace Coordinator.Cli.Invocation;

/// <summary>
/// What the process ends with. Published: pipelines decide by these numbers, so none is ever reused or given another meaning.
/// </summary>
internal static class ExitCode
{
    /// <summary>Ready, or done.</summary>
    public const int Done = 0;

    /// <summary>Something that this program does not expect.</summary>
    public const int Unexpected = 1;

    /// <summary>The command line or the input file is wrong.</summary>
    public const int Usage = 2;

    /// <summary>Not yet; ask again.</summary>
    public const int NotReady = 3;

    /// <summary>It failed, or only a person can move it on.</summary>
    public const int Blocked = 4;

    public const int NotFound = 5;

    /// <summary>The thing is in a state that does not allow it.</summary>
    public const int Conflict = 6;

    /// <summary>Not authenticated, or not allowed.</summary>
    public const int Denied = 7;

    /// <summary>Coordinator was not reached (sysexits' EX_UNAVAILABLE).</summary>
    public const int Unavailable = 69;

    /// <summary>Coordinator could not do it now; the same command may be tried again (sysexits' EX_TEMPFAIL).</summary>
    public const int Temporary = 75;

    /// <summary>A wait reached its time limit, as with timeout(1).</summary>
    public const int TimedOut = 124;

    /// <summary>Ended by SIGINT.</summary>
    public const int Interrupted = 130;

    /// <summary>Ended by SIGTERM.</summary>
    public const int Terminated = 143;
}
