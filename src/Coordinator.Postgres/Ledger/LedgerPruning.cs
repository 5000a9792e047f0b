using Coordinator.Postgres.Ranges;
using Npgsql;

namespace Coordinator.Postgres.Ledger;

/// <summary>
/// Removes a migration's rows from a target's ledger, and the marks of its key ranges, only while its fence is closed (or gone with it): a batch that was granted long
/// ago and comes now is refused at the fence, before it looks for its row.
/// </summary>
public static class LedgerPruning
{
    // Short transactions: a ledger of a large table has a hundred thousand rows.
    private const int RowsAtOnce = 10_000;

    /// <summary>Prunes.</summary>
    /// <returns>False when the fence is not closed; nothing is removed then.</returns>
    public static async Task<bool> RunAsync(NpgsqlDataSource source, string migration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        while (true)
        {
            // A schema that was removed has no ledger; a fence that is locked in share mode can't be opened meanwhile.
            await using var command = new NpgsqlCommand(
                """
                with closed as materialized (
                    select coalesce((select f.mode = 'closed' from coordinator.fence f where f.migration = $1 for share), true) as yes
                ), pruned as (
                    delete from coordinator.ledger
                    where migration = $1 and (select yes from closed)
                        and ctid = any(array(select ctid from coordinator.ledger where migration = $1 limit $2))
                    returning 1
                )
                select (select yes from closed), (select count(*) from pruned)
                """,
                connection);
            command.Parameters.Add(new() { Value = migration });
            command.Parameters.Add(new() { Value = RowsAtOnce });
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            if (!reader.GetBoolean(0))
            {
                return false;
            }

            if (reader.GetInt64(1) < RowsAtOnce)
            {
                break;
            }
        }

        await KeyMarks.ForgetAsync(source, migration, cancellationToken);
        return true;
    }
}
