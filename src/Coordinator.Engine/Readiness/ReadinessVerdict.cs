using Coordinator.Domain.Migrations;

namespace Coordinator.Engine.Readiness;

/// <summary>An answer to a deploy tool: a verdict, with what stands against it and when to ask again.</summary>
public sealed record ReadinessVerdict(Verdict Verdict, IReadOnlyList<Blocker> Blockers, TimeSpan? RetryAfter)
{
    /// <summary>
    /// What going on takes away for good although nothing stands against it; null where the question is not about a contract.
    /// </summary>
    public IReadOnlyList<Blocker>? Losses { get; init; }

    /// <summary>Go on.</summary>
    public static ReadinessVerdict Ready { get; } = new(Verdict.Ready, [], null);

    /// <summary>Not yet; nobody has to do anything.</summary>
    public static ReadinessVerdict Wait(IReadOnlyList<Blocker> blockers) =>
        new(Verdict.Wait, blockers, TimeSpan.FromSeconds(2));

    /// <summary>Not without a person.</summary>
    public static ReadinessVerdict Blocked(IReadOnlyList<Blocker> blockers) => new(Verdict.Blocked, blockers, null);
}
