using Coordinator.Engine.Readiness;
using Coordinator.Server.Readiness;
using Google.Protobuf.WellKnownTypes;

namespace Coordinator.Server.Mapping;

/// <summary>Answers to deploy tools on the wire.</summary>
internal static class ReadinessMapping
{
    public static V1.Readiness ToProto(ReadinessAnswer answer) => new()
    {
        Verdict = answer.Verdict switch
        {
            Verdict.Ready => V1.Readiness.Types.Verdict.Ready,
            Verdict.Wait => V1.Readiness.Types.Verdict.Wait,
            Verdict.Blocked => V1.Readiness.Types.Verdict.Blocked,
            _ => V1.Readiness.Types.Verdict.Unspecified,
        },
        Blockers = { answer.Blockers.Select(ToProto) },
        RetryDelay = answer.RetryAfter is { } delay ? Duration.FromTimeSpan(delay) : null,
        ContractLosses = answer.Losses is { } losses
            ? new V1.Readiness.Types.Losses { Losses_ = { losses.Select(ToProto) } }
            : null,
    };

    private static V1.Blocker ToProto(AskedBlocker asked)
    {
        var blocker = BlockerMapping.ToProto(asked.Blocker);
        if (asked.Question is { } question)
        {
            blocker.Question = question;
        }

        return blocker;
    }
}
