using Coordinator.Client.Instances;
using Coordinator.Testing;

namespace Coordinator.Client.Tests.Instances;

/// <summary>Sessions of one instance of shop-api under manual time, without jitter.</summary>
internal static class Sessions
{
    public static CoordinatorInstanceOptions Options() => new()
    {
        Application = "shop-api",
        Instance = "i1",
        SchemaVersion = 41,
        AppVersion = "1.0",
    };

    public static InstanceSession New(
        CoordinatorClient client, ManualTimeProvider clock, Action<CoordinatorInstanceOptions>? configure = null)
    {
        var options = Options();
        configure?.Invoke(options);
        return new InstanceSession(client, options, clock) { Jitter = () => 1 };
    }

    /// <summary>Until the session waits for its next heartbeat, so that moving the clock brings it.</summary>
    public static Task IdleAsync(ManualTimeProvider clock, TimeSpan interval) => Eventually.TrueAsync(
        () => Task.FromResult(clock.NextDue == interval), $"a heartbeat that is due in {interval}");

    public static Task EventuallyAsync(Func<bool> condition, string what) =>
        Eventually.TrueAsync(() => Task.FromResult(condition()), what);

    /// <summary>Moves the clock on until the task has ended.</summary>
    public static Task PumpAsync(Task task, ManualTimeProvider clock) => EventuallyAsync(
        () =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return task.IsCompleted;
        },
        "the end of a task under manual time");
}
