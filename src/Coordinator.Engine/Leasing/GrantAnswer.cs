namespace Coordinator.Engine.Leasing;

/// <summary>What a round says to one of its requests.</summary>
internal abstract record GrantAnswer
{
    private GrantAnswer()
    {
    }

    /// <summary>The same request is being answered by another replica.</summary>
    public sealed record Busy : GrantAnswer;

    /// <summary>There is no such migration.</summary>
    public sealed record UnknownMigration : GrantAnswer;

    /// <summary>Its batches, if there are any for it now.</summary>
    /// <param name="Batches">The batches.</param>
    /// <param name="WorkWasLocked">Something was allotted, and somebody else had it locked.</param>
    public sealed record Granted(IReadOnlyList<GrantedBatch> Batches, bool WorkWasLocked) : GrantAnswer;
}
