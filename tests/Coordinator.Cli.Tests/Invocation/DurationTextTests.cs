using Coordinator.Cli.Invocation;

namespace Coordinator.Cli.Tests.Invocation;

public class DurationTextTests
{
    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("90s", 90)]
    [InlineData("10m", 600)]
    [InlineData("1h30m", 5400)]
    [InlineData("2d", 172800)]
    public void Durations_are_read_as_people_write_them(string text, double seconds)
    {
        Assert.True(DurationText.TryParse(text, out var duration));
        Assert.Equal(TimeSpan.FromSeconds(seconds), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("0s")]
    [InlineData("-5s")]
    [InlineData("5 s")]
    [InlineData("1.5h")]
    [InlineData("50d")]
    [InlineData("99999999999s")]
    [InlineData("5s\n")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(DurationText.TryParse(text, out _));

    [Theory]
    [InlineData(0.2, "200 ms")]
    [InlineData(59, "59 s")]
    [InlineData(185, "3 min 5 s")]
    [InlineData(5400, "1 h 30 min")]
    [InlineData(100000, "1 d 3 h")]
    public void Durations_are_shown_with_two_units(double seconds, string text) =>
        Assert.Equal(text, DurationText.Format(TimeSpan.FromSeconds(seconds)));
}
