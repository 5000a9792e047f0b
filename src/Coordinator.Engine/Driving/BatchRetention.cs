using Coordinator.Engine.Targets;
using Coordinator.Postgres.Ledger;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Coordinator.Engine.Driving;

/// <summary>
/// Removes the batches of migrations that ended long ago: first from the targets' ledgers, then from the coordination database, which
/// is how a later look knows that nothing is left to do. While a migration runs its ledger is complete, so that the view of it can be
/// rebuilt; and a ledger is pruned only behind a closed fence, so that no batch can ever be claimed anew.
/// </summary>
internal sealed class BatchRetention(CoordinationDatabase database, TargetRegistry targets, EngineOptions options, ILogger logger)
{
    /// <summary>Prunes what is due. A target that can't be reached keeps its rows until the next time.</summary>
    public async Task PruneAsync(CancellationToken cancellationToken)
    {
        foreach (var (migration, target) in await DueAsync(cancellationToken))
        {
            try
            {
                await PruneAsync(migration, target, cancellationToken);
            }
            catch (Exception exception) when (exception is NpgsqlException or TimeoutException or EngineException)
            {
                // Away, or not configured here any more.
                DrivingLog.HousekeepingFailed(logger, exception);
            }
        }
    }

    private async Task<List<(string Migration, string Target)>> DueAsync(CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(
            """
            select m.name, m.target
            from coordinator.migration m
            where m.ended_at < now() - $1 and exists (select from coordinator.backfill_batch b where b.migration = m.name)
            order by m.ended_at
            limit 10
            """);
        command.Parameters.Add(new() { Value = options.BatchRetention });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var due = new List<(string, string)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            due.Add((reader.GetString(0), reader.GetString(1)));
        }

        return due;
    }

    private async Task PruneAsync(string migration, string target, CancellationToken cancellationToken)
    {
        foreach (var shard in targets.Get(target).Shards)
        {
            if (!await LedgerPruning.RunAsync(shard.DataSource, migration, cancellationToken))
            {
                return;
            }
        }

        // Whatever was reported last goes into the sums, so that they stay what they were.
        await using var batch = database.DataSource.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            """
            with drained as (
                delete from coordinator.backfill_sample where migration = $1 returning *
            ), summed as (
                select shard, step, sum(blocks) as blocks, sum(rows) as rows, sum(batches) as batches, sum(takeovers) as takeovers
                from drained group by shard, step
            )
            update coordinator.backfill_total t
            set blocks = t.blocks + s.blocks, rows = t.rows + s.rows, batches = t.batches + s.batches, takeovers = t.takeovers + s.takeovers
            from summed s
            where t.migration = $1 and t.shard = s.shard and t.step = s.step
            """)
        {
            Parameters = { new() { Value = migration } },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand("delete from coordinator.backfill_range where migration = $1")
        {
            Parameters = { new() { Value = migration } },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand("delete from coordinator.backfill_batch where migration = $1")
        {
            Parameters = { new() { Value = migration } },
        });
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
