using Coordinator.V1;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace Coordinator.Client.Instances;

/// <summary>The options of an instance as they were when it was made, and what follows from them.</summary>
internal sealed class InstanceSettings
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(5);

    private InstanceSettings(CoordinatorInstanceOptions options)
    {
        Report = new InstanceReport
        {
            Application = options.Application,
            Instance = options.Instance,
            SchemaVersion = options.SchemaVersion,
            AppVersion = options.AppVersion,
        };
        StartWhenUnreachable = options.StartWhenUnreachable;
        StartTimeout = options.StartTimeout;
        HeartbeatTimeout = options.HeartbeatTimeout;
        LeaveTimeout = options.LeaveTimeout;
    }

    public InstanceReport Report { get; }

    public UnreachableStart StartWhenUnreachable { get; }

    public TimeSpan StartTimeout { get; }

    public TimeSpan HeartbeatTimeout { get; }

    public TimeSpan LeaveTimeout { get; }

    public static InstanceSettings Of(CoordinatorInstanceOptions options)
    {
        var result = new CoordinatorInstanceOptionsValidator().Validate(null, options);
        return result.Failed
            ? throw new OptionsValidationException(
                Options.DefaultName, typeof(CoordinatorInstanceOptions), result.Failures)
            : new InstanceSettings(options);
    }

    /// <summary>At least two addresses have to fit into a lease, with a pause between two heartbeats.</summary>
    public TimeSpan TimeoutWithin(TimeSpan lease) =>
        lease > TimeSpan.Zero && lease / 3 < HeartbeatTimeout ? lease / 3 : HeartbeatTimeout;

    /// <summary>
    /// The interval that Coordinator asked for. Never more than half of a lease, whatever it says: one lost heartbeat must
    /// not end it; a third of the lease in place of such a one.
    /// </summary>
    public static TimeSpan IntervalWithin(TimeSpan lease, TimeSpan? asked) =>
        asked is { } interval && interval > TimeSpan.Zero && interval <= lease / 2 ? interval : lease / 3;

    /// <summary>An interval with its jitter: a fleet that started at once does not report at once for ever.</summary>
    public static TimeSpan Spread(TimeSpan interval, double jitter) => interval * (0.8 + (0.2 * jitter));

    /// <summary>The pause after the given number of failures in a row: doubling, bounded, jittered.</summary>
    public static TimeSpan RetryPause(int failures, double jitter)
    {
        var pause = FirstRetry * Math.Pow(2, Math.Min(failures, 10) - 1);
        return (pause < LongestRetry ? pause : LongestRetry) * (0.5 + (0.5 * jitter));
    }

    /// <summary>The pause after a failure: what the service asked for, if it has too much to do, and up to twice that; else as above.</summary>
    public static TimeSpan PauseAfter(CoordinatorException failure, int failures, double jitter) =>
        failure is { StatusCode: StatusCode.ResourceExhausted, RetryAfter: { } asked }
            ? asked * (1 + jitter)
            : RetryPause(failures, jitter);

    public InstanceStartException Refused(CoordinatorException cause) => new(
        cause.Reason,
        $"Coordinator refuses the start of {Report.Application} on schema version {Report.SchemaVersion} "
            + $"({cause.Reason}): {cause.Message}",
        cause);

    public InstanceStartException Unreachable(CoordinatorException cause) => new(
        InstanceStartException.Unreachable,
        $"Coordinator could not be reached within {StartTimeout.TotalSeconds:0.###} s, so {Report.Application} does not "
            + "start: an instance that is not registered could write to a structure that is about to be removed. Check "
            + "the addresses and the service, or set StartWhenUnreachable to StartWithoutWriting. "
            + $"The last failure ({cause.Reason}): {cause.Message}",
        cause);
}
