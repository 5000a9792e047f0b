using System.Diagnostics.CodeAnalysis;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Targets;
using Coordinator.EventStore;
using Npgsql;

namespace Coordinator.Engine.Driving;

/// <summary>
/// Copies the admission intervals of applications into a target (<c>coordinator.admission</c>), where an application can read its own
/// at connection open, also while Coordinator is down. A copy that is older than what stands there changes nothing.
/// </summary>
internal sealed class TargetAdmission(CoordinationDatabase database, TargetRegistry targets)
{
    private static readonly string EventSchema = new EventStoreOptions().SchemaName;

    /// <summary>Writes what is in force now for the migration's applications, on every shard of its target.</summary>
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

    /// <summary>The intervals of the applications, and how new they are, from one moment; of all of them where none is named.</summary>
    [SuppressMessage("Security", "CA2100", Justification = "The schema's name is the store's own constant.")]
    public async Task<IReadOnlyList<AdmissionInterval>> ReadAsync(string[]? applications, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(
            $"""
            select a.name, a.floor, a.ceiling - 1, coalesce(s.version, 0)
              from coordinator.application a left join {EventSchema}.mt_streams s on s.id = 'application-' || a.name
             where $1::text[] is null or a.name = any ($1)
             order by a.name
            """);
        command.Parameters.Add(new NpgsqlParameter
        {
            Value = (object?)applications ?? DBNull.Value,
            NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Text,
        });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var intervals = new List<AdmissionInterval>();
        while (await reader.ReadAsync(cancellationToken))
        {
            intervals.Add(new AdmissionInterval(
                reader.GetString(0),
                reader.GetInt64(1),
                await reader.IsDBNullAsync(2, cancellationToken) ? null : reader.GetInt64(2),
                reader.GetInt64(3)));
        }

        return intervals;
    }

    /// <summary>Writes them to one shard.</summary>
    public static async Task WriteAsync(
        TargetShard shard, IReadOnlyCollection<AdmissionInterval> intervals, CancellationToken cancellationToken)
    {
        await using var batch = shard.DataSource.CreateBatch();
        foreach (var interval in intervals)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(
                """
                insert into coordinator.admission as a (application, min_version, max_version, revision) values ($1, $2, $3, $4)
                on conflict (application) do update
                   set min_version = excluded.min_version, max_version = excluded.max_version, revision = excluded.revision
                 where a.revision <= excluded.revision
                   and (a.min_version, a.max_version) is distinct from (excluded.min_version, excluded.max_version)
                """)
            {
                Parameters =
                {
                    new NpgsqlParameter<string> { TypedValue = interval.Application },
                    new NpgsqlParameter<long> { TypedValue = interval.Min },
                    new NpgsqlParameter { Value = (object?)interval.Max ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint },
                    new NpgsqlParameter<long> { TypedValue = interval.Revision },
                },
            });
        }

        if (batch.BatchCommands.Count > 0)
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
