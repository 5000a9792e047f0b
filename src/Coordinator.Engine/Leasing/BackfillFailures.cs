using Npgsql;

namespace Coordinator.Engine.Leasing;

/// <summary>Batches that fail in a way that waiting does not cure, as workers reported it.</summary>
internal sealed class BackfillFailures(CoordinationDatabase database)
{
    private const string Configuration = "CONFIGURATION_ERROR";

    /// <summary>
    /// The open batch that failed most often, and why; one whose statement can't work at all before all others. Null when
    /// none failed that way since the backfill was opened or resumed.
    /// </summary>
    public async Task<BatchFailure?> WorstAsync(string migration, string step, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(
            """
            select hard_failures, coalesce(last_failure, ''), starts_with(last_failure, $3) as configuration
              from coordinator.backfill_batch
             where migration = $1 and step = $2 and state = 0 and hard_failures > 0
             order by configuration desc, hard_failures desc limit 1
            """);
        command.Parameters.Add(new() { Value = migration });
        command.Parameters.Add(new() { Value = step });
        command.Parameters.Add(new() { Value = Configuration });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new BatchFailure(reader.GetInt32(0), reader.GetString(1), reader.GetBoolean(2))
            : null;
    }

    /// <summary>Counts anew, and makes the batches available at once.</summary>
    public static NpgsqlBatchCommand ForgiveCommand(string migration) => new(
        """
        with failed as materialized (
            select migration, shard, step, batch from coordinator.backfill_batch
             where migration = $1 and state = 0 and hard_failures > 0
             order by migration, shard, step, batch
             for no key update
        )
        update coordinator.backfill_batch b
           set hard_failures = 0, expires_at = case when b.holder = '' then clock_timestamp() else b.expires_at end
          from failed f
         where b.migration = f.migration and b.shard = f.shard and b.step = f.step and b.batch = f.batch
        """)
    {
        Parameters = { new() { Value = migration } },
    };
}
