using System.Diagnostics.CodeAnalysis;

namespace Coordinator.Domain;

/// <summary>
/// What a decider answers: events to append, or the reason why not. An accepted decision without events is an idempotent repeat:
/// what the command asks for is already true.
/// </summary>
[SuppressMessage("Design", "CA1000", Justification = "The event type can't be inferred from a refusal, so the caller names it either way.")]
public abstract record Decision<TEvent>
{
    private Decision()
    {
    }

    public static Decision<TEvent> Accept(params IReadOnlyList<TEvent> events) => new Accepted(events);

    public static Decision<TEvent> Reject(Rejection rejection) => new Rejected(rejection);

    public sealed record Accepted(IReadOnlyList<TEvent> Events) : Decision<TEvent>;

    public sealed record Rejected(Rejection Rejection) : Decision<TEvent>;
}
