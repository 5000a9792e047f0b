using System.Text.Json;

namespace Coordinator.Domain.Tests;

/// <summary>Given these events, when this command, then those events or that refusal.</summary>
public sealed class Scenario<TState, TCommand, TEvent>(
    TState initial,
    Func<TState, TEvent, TState> evolve,
    Func<TCommand, TState, Decision<TEvent>> decide)
    where TEvent : notnull
{
    private TState _state = initial;
    private Decision<TEvent>? _decision;

    public TState State => _state;

    public Scenario<TState, TCommand, TEvent> Given(params IEnumerable<TEvent> events)
    {
        _state = events.Aggregate(_state, evolve);
        return this;
    }

    /// <summary>Decides, and evolves the state by what was accepted.</summary>
    public Scenario<TState, TCommand, TEvent> When(TCommand command)
    {
        _decision = decide(command, _state);
        if (_decision is Decision<TEvent>.Accepted accepted)
        {
            _state = accepted.Events.Aggregate(_state, evolve);
        }

        return this;
    }

    public Scenario<TState, TCommand, TEvent> Then(params IReadOnlyList<TEvent> events)
    {
        var accepted = Assert.IsType<Decision<TEvent>.Accepted>(_decision);
        Assert.Equal(events.Select(Text), accepted.Events.Select(Text));
        return this;
    }

    public Scenario<TState, TCommand, TEvent> ThenNothing() => Then();

    public Rejection ThenRejected(string code, RejectionKind kind = RejectionKind.FailedPrecondition)
    {
        var rejection = Assert.IsType<Decision<TEvent>.Rejected>(_decision).Rejection;
        Assert.Equal(code, rejection.Code);
        Assert.Equal(kind, rejection.Kind);
        Assert.False(string.IsNullOrWhiteSpace(rejection.Message));
        Assert.False(string.IsNullOrWhiteSpace(rejection.Remedy));
        return rejection;
    }

    // Records that hold lists are equal when their JSON is.
    private static string Text(TEvent item) => $"{item.GetType().Name} {JsonSerializer.Serialize(item, item.GetType())}";
}
