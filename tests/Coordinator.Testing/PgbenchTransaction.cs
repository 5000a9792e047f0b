using System.Globalization;

namespace Coordinator.Testing;

/// <summary>
/// One line of pgbench's per-transaction log. With a rate limit the latency counts from the scheduled start, so a
/// transaction that had to wait for the one before it is not flattered.
/// </summary>
/// <param name="End">When it had ended.</param>
/// <param name="Latency">How long it took.</param>
public readonly record struct PgbenchTransaction(DateTimeOffset End, TimeSpan Latency)
{
    /// <summary>Reads a line of the log.</summary>
    public static PgbenchTransaction Parse(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        // client_id transaction_no time script_no time_epoch time_us [schedule_lag]
        var fields = line.Split(' ');
        var end = DateTimeOffset.FromUnixTimeSeconds(long.Parse(fields[4], CultureInfo.InvariantCulture))
            .AddMicroseconds(double.Parse(fields[5], CultureInfo.InvariantCulture));
        return new PgbenchTransaction(end, TimeSpan.FromMicroseconds(double.Parse(fields[2], CultureInfo.InvariantCulture)));
    }
}
