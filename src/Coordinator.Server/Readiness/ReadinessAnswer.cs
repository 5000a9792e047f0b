using Coordinator.Engine.Readiness;

namespace Coordinator.Server.Readiness;

/// <summary>
/// The answer to one question or to several: the worst verdict, every blocker, and for all of them the earliest moment to ask again.
/// </summary>
internal sealed record ReadinessAnswer(
    Verdict Verdict, IReadOnlyList<AskedBlocker> Blockers, TimeSpan? RetryAfter, IReadOnlyList<AskedBlocker>? Losses)
{
    /// <summary>The answer to one question, whose blockers need not say which.</summary>
    public static ReadinessAnswer Of(ReadinessVerdict verdict) => Of([(null, verdict)]);

    /// <summary>The answer to several.</summary>
    public static ReadinessAnswer Of(IReadOnlyList<(string? Question, ReadinessVerdict Verdict)> answers)
    {
        var worst = answers.Max(answer => answer.Verdict.Verdict);
        return new ReadinessAnswer(
            worst,
            [.. answers.SelectMany(answer => answer.Verdict.Blockers.Select(blocker => new AskedBlocker(blocker, answer.Question)))],
            worst == Verdict.Wait ? answers.Min(answer => answer.Verdict.RetryAfter) : null,
            answers.All(answer => answer.Verdict.Losses is null)
                ? null
                : [.. answers.SelectMany(answer => (answer.Verdict.Losses ?? []).Select(lost => new AskedBlocker(lost, answer.Question)))]);
    }

    /// <summary>Whether this is no news after the other: the texts of blockers age with every look.</summary>
    public bool IsSameAs(ReadinessAnswer before) =>
        before.Verdict == Verdict
        && Subjects(before.Blockers).SequenceEqual(Subjects(Blockers))
        && Subjects(before.Losses ?? []).SequenceEqual(Subjects(Losses ?? []));

    private static IEnumerable<(string Code, string Subject, string? Question)> Subjects(IReadOnlyList<AskedBlocker> blockers) =>
        blockers.Select(asked => (asked.Blocker.Code, asked.Blocker.Subject, asked.Question));
}
