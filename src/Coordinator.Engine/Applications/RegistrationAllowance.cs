using System.Globalization;
using Coordinator.Domain;

namespace Coordinator.Engine.Applications;

/// <summary>
/// How many instances one caller may register in a while: so many a second, and twice as many at once after a quiet second. Renewals
/// are not counted. So one caller that registers without end, by mistake or not, leaves room for the others.
/// </summary>
public sealed class RegistrationAllowance
{
    private readonly double _perSecond;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private double _left;
    private long _counted;

    /// <summary>Starts with all that may come at once.</summary>
    public RegistrationAllowance(int perSecond, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(perSecond, 1);
        ArgumentNullException.ThrowIfNull(time);
        _perSecond = perSecond;
        _time = time;
        _left = 2.0 * perSecond;
        _counted = time.GetTimestamp();
    }

    /// <summary>Counts one registration.</summary>
    /// <exception cref="EngineException"><c>REGISTRATIONS_TOO_FAST</c>: there have been too many; nothing was registered.</exception>
    public void Take(InstanceReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            _left = Math.Min(2 * _perSecond, _left + (_time.GetElapsedTime(_counted, now).TotalSeconds * _perSecond));
            _counted = now;
            if (_left >= 1)
            {
                _left--;
                return;
            }
        }

        throw new EngineException(new Rejection(
            "REGISTRATIONS_TOO_FAST",
            string.Create(
                CultureInfo.InvariantCulture,
                $"The caller registers more than {_perSecond:0} instances a second; {report.Application}/{report.Instance} was not registered."),
            "Send the heartbeat again in a moment. If the fleet is that large, raise Coordinator:Limits:RegistrationsPerSecond.",
            new Dictionary<string, string> { ["application"] = report.Application, ["instance"] = report.Instance },
            RejectionKind.ResourceExhausted));
    }
}
