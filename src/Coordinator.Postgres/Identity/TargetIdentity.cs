using System.Globalization;
using Npgsql;

namespace Coordinator.Postgres.Identity;

/// <summary>
/// Which database cluster this is and on which timeline: what a batch's effect is bound to. After a failover or a
/// restore the timeline differs, and whatever was true on the old one has to be looked at again.
/// </summary>
public sealed record TargetIdentity(long SystemIdentifier, string Timeline, bool InRecovery)
{
    /// <summary>Asks the server that the source leads to now.</summary>
    public static async Task<TargetIdentity> ReadAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        // On a primary the control file's timeline lags behind a promotion until the next checkpoint; the log's own
        // name doesn't, but can't be had on a standby.
        var rows = await connection.QueryAsync(
            """
            select (select system_identifier from pg_catalog.pg_control_system()),
                   pg_catalog.pg_is_in_recovery(),
                   case when pg_catalog.pg_is_in_recovery()
                        then (select timeline_id from pg_catalog.pg_control_checkpoint())
                   end,
                   case when not pg_catalog.pg_is_in_recovery()
                        then left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8)
                   end
            """,
            [],
            row => new TargetIdentity(
                row.GetInt64(0),
                row.IsDBNull(3) ? row.GetInt32(2).ToString("X8", CultureInfo.InvariantCulture) : row.GetString(3),
                row.GetBoolean(1)),
            cancellationToken);
        return rows[0];
    }
}
