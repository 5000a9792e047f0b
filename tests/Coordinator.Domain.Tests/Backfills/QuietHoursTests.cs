using System.Globalization;
using Coordinator.Domain.Backfills;

namespace Coordinator.Domain.Tests.Backfills;

public class QuietHoursTests
{
    [Theory]
    [InlineData("22:00-06:00", "2026-03-01T21:59", null)]
    [InlineData("22:00-06:00", "2026-03-01T22:00", "2026-03-02T06:00")]
    [InlineData("22:00-06:00", "2026-03-02T05:59", "2026-03-02T06:00")]
    [InlineData("22:00-06:00", "2026-03-02T06:00", null)]
    [InlineData("08:00-12:00,12:00-13:30", "2026-03-02T09:00", "2026-03-02T13:30")]
    [InlineData("08:00-12:00, 10:00-11:00", "2026-03-02T10:30", "2026-03-02T12:00")]
    [InlineData("", "2026-03-02T09:00", null)]
    public void The_end_of_the_quiet_time_is_known(string hours, string now, string? end) =>
        Assert.Equal(end is null ? null : At(end), QuietHours.Parse(hours)!.EndsAt(At(now)));

    [Theory]
    [InlineData("22-06")]
    [InlineData("22:00")]
    [InlineData("24:00-06:00")]
    [InlineData("08:00-08:00")]
    [InlineData("00:00-12:00,12:00-00:00")]
    [InlineData("08:00-09:00,")]
    public void What_can_not_be_read_or_leaves_no_hour_is_refused(string hours) => Assert.Null(QuietHours.Parse(hours));

    [Fact]
    public void The_text_is_what_it_is_read_from() =>
        Assert.Equal("22:00-06:00,12:00-13:00", QuietHours.Parse("22:00-06:00, 12:00-13:00")!.ToString());

    private static DateTimeOffset At(string text) =>
        DateTimeOffset.Parse(text + "Z", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
