using System.Globalization;

namespace Coordinator.Demo;

/// <summary>
/// One line of pgbench's per-transaction log. With a rate limit the latency counts from the scheduled start, so a
/// transaction that had to wait for the one before it is not flattered.
/// </summary>
internal readonly record struct Transaction(DateTimeOffset End, TimeSpan Latency)
{
    public static Transaction Parse(string line)
    {
        // client_id transaction_no time script_no time_epoch time_us [schedule_lag]
        var fields = line.Split(' ');
        var end = DateTimeOffset.FromUnixTimeSeconds(long.Parse(fields[4], CultureInfo.InvariantCulture))
            .AddMicroseconds(double.Parse(fields[5], CultureInfo.InvariantCulture));
        return new Transaction(end, TimeSpan.FromMicroseconds(double.Parse(fields[2], CultureInfo.InvariantCulture)));
    }
}
