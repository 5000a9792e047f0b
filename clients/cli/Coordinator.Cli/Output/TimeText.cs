using System.Globalization;
using Google.Protobuf.WellKnownTypes;

namespace Coordinator.Cli.Output;

/// <summary>
/// Points in time for people, in UTC. Never an age: that would compare this machine's clock with the service's, and be wrong by
/// their difference on exactly the night when it matters.
/// </summary>
internal static class TimeText
{
    public static string Of(Timestamp? time) =>
        time is null ? "" : time.ToDateTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string TimeOfDay(DateTimeOffset time) =>
        time.UtcDateTime.ToString("HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
