using Coordinator.Domain.Migrations;
using Coordinator.Engine.Targets;
using Npgsql;

namespace Coordinator.Engine.Driving;

/// <summary>
/// Copies the admission interval of a migration's applications into the target (<c>coordinator.admission</c>), where an
/// application can read it at connection open, also while Coordinator is down.
/// </summary>
internal sealed class TargetAdmission(CoordinationDatabase database, TargetRegistry targets)
{
    /// <summary>Writes what is in force now.</summary>
    public async Task WriteAsync(MigrationState state, CancellationToken cancellationToken)
    {
        var intervals = await ReadAsync([.. state.Plan!.Spec.Versions.Keys], cancellationToken);
        foreach (var shard in targets.Get(state.Plan.Spec.Target).Shards)
        {
            try
            {
                await WriteAsync(shard, intervals, cancellationToken);
            }
            catch (Exception exception) when (TargetUnavailableException.Means(exception))
            {
                throw new TargetUnavailableException(shard, exception);
            }
        }
    }

    private async Task<List<(string Application, long Floor, long? Last)>> ReadAsync(
        string[] applications, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(
            "select name, floor, ceiling - 1 from coordinator.application where name = any($1)");
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = applications });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var intervals = new List<(string, long, long?)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            intervals.Add((reader.GetString(0), reader.GetInt64(1), await reader.IsDBNullAsync(2, cancellationToken) ? null : reader.GetInt64(2)));
        }

        return intervals;
    }

    private static async Task WriteAsync(
        TargetShard shard, List<(string Application, long Floor, long? Last)> intervals, CancellationToken cancellationToken)
    {
        await using var batch = shard.DataSource.CreateBatch();
        foreach (var (application, floor, last) in intervals)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(
                """
                insert into coordinator.admission as a (application, min_version, max_version) values ($1, $2, $3)
                on conflict (application) do update set min_version = excluded.min_version, max_version = excluded.max_version
                 where (a.min_version, a.max_version) is distinct from (excluded.min_version, excluded.max_version)
                """)
            {
                Parameters =
                {
                    new NpgsqlParameter<string> { TypedValue = application },
                    new NpgsqlParameter<long> { TypedValue = floor },
                    new NpgsqlParameter { Value = (object?)last ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint },
                },
            });
        }

        if (batch.BatchCommands.Count > 0)
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
