using Coordinator.Domain;
using Coordinator.Engine.Applications;
using Coordinator.Testing;

namespace Coordinator.Engine.Tests.Applications;

public sealed class RegistrationAllowanceTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public void Twice_a_seconds_registrations_may_come_at_once_and_then_as_many_as_time_gives()
    {
        var allowance = new RegistrationAllowance(10, _clock);
        Assert.Equal(20, TakeAll(allowance));

        _clock.Advance(TimeSpan.FromMilliseconds(500));
        Assert.Equal(5, TakeAll(allowance));

        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(20, TakeAll(allowance));
    }

    [Fact]
    public void A_refusal_says_what_to_do_and_for_whom_it_was()
    {
        var allowance = new RegistrationAllowance(10, _clock);
        TakeAll(allowance);

        var refusal = Assert.Throws<EngineException>(() => allowance.Take(Report)).Rejection;

        Assert.Equal(("REGISTRATIONS_TOO_FAST", RejectionKind.ResourceExhausted), (refusal.Code, refusal.Kind));
        Assert.Contains("shop/a", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("RegistrationsPerSecond", refusal.Remedy, StringComparison.Ordinal);
    }

    private static InstanceReport Report { get; } = new("shop", "a", 1, "");

    private static int TakeAll(RegistrationAllowance allowance)
    {
        for (var taken = 0; ; taken++)
        {
            try
            {
                allowance.Take(Report);
            }
            catch (EngineException)
            {
                return taken;
            }
        }
    }
}
