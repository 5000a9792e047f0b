namespace Coordinator.Postgres.Ddl;

/// <summary>How one attempt ended, short of a failure.</summary>
internal abstract record DdlAttempt
{
    private DdlAttempt()
    {
    }

    public sealed record Done(DdlResult Result, TimeSpan Held) : DdlAttempt;

    /// <summary>Not made: somebody is in the way who will not go soon.</summary>
    public sealed record Futile : DdlAttempt;

    /// <summary>The lock was not to be had in time; everything is rolled back.</summary>
    public sealed record Busy : DdlAttempt;

    /// <summary>The connection ended: it may have committed or not.</summary>
    public sealed record Lost : DdlAttempt;
}
