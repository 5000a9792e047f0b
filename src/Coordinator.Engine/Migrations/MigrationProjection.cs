using Coordinator.Domain.Migrations;
using Coordinator.EventStore;
using Coordinator.EventStore.Projections;
using Npgsql;

namespace Coordinator.Engine.Migrations;

/// <summary>Keeps <c>coordinator.migration</c>: which migrations there are and which of them need a driver.</summary>
public sealed class MigrationProjection : IInlineProjection
{
    /// <inheritdoc/>
    public string Name => "MigrationList";

    /// <inheritdoc/>
    public IEnumerable<NpgsqlBatchCommand> Reset() => [new("delete from coordinator.migration")];

    /// <inheritdoc/>
    public IEnumerable<NpgsqlBatchCommand> Project(IReadOnlyList<IEvent> events)
    {
        foreach (var recorded in events)
        {
            if (recorded.Data is MigrationEvent.Planned planned)
            {
                yield return Insert(planned, recorded);
            }
            else if (recorded.Data is MigrationEvent happened)
            {
                yield return Update(happened, recorded);
            }
        }
    }

    private static NpgsqlBatchCommand Insert(MigrationEvent.Planned planned, IEvent recorded) => new(
        """
        insert into coordinator.migration (name, target, status, resume_status, revision, created_at, updated_at)
        values ($1, $2, $3, $4, $5, coalesce($6, now()), coalesce($6, now()))
        """)
    {
        Parameters =
        {
            new NpgsqlParameter<string> { TypedValue = planned.Name },
            new NpgsqlParameter<string> { TypedValue = planned.Plan.Spec.Target },
            new NpgsqlParameter<short> { TypedValue = (short)MigrationStatus.Planned },
            new NpgsqlParameter<short> { TypedValue = (short)MigrationStatus.Running },
            new NpgsqlParameter<long> { TypedValue = recorded.Version },
            ProjectionTimestamp.Parameter(recorded),
        },
    };

    private static NpgsqlBatchCommand Update(MigrationEvent happened, IEvent recorded) => new(
        """
        update coordinator.migration
           set resume_status = case when $4 = 'pause' and status <> $3 then status when $4 = 'rollback' then $3 else resume_status end,
               status = case when $4 = 'resume' then resume_status else coalesce($3, status) end,
               revision = $2, updated_at = coalesce($5, now()),
               ended_at = case when $4 = 'end' then coalesce($5, now()) else ended_at end
         where name = $1
        """)
    {
        Parameters =
        {
            new NpgsqlParameter<string> { TypedValue = recorded.StreamKey["migration-".Length..] },
            new NpgsqlParameter<long> { TypedValue = recorded.Version },
            new NpgsqlParameter { Value = (object?)StatusAfter(happened) ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Smallint },
            new NpgsqlParameter<string> { TypedValue = Effect(happened) },
            ProjectionTimestamp.Parameter(recorded),
        },
    };

    private static short? StatusAfter(MigrationEvent happened) => happened switch
    {
        MigrationEvent.Started => (short)MigrationStatus.Running,
        MigrationEvent.Paused => (short)MigrationStatus.Paused,
        MigrationEvent.RollbackStarted => (short)MigrationStatus.RollingBack,
        MigrationEvent.RolledBack => (short)MigrationStatus.RolledBack,
        MigrationEvent.Completed => (short)MigrationStatus.Completed,
        MigrationEvent.Cancelled => (short)MigrationStatus.Cancelled,
        _ => null,
    };

    private static string Effect(MigrationEvent happened) => happened switch
    {
        MigrationEvent.Paused => "pause",
        MigrationEvent.Resumed => "resume",
        MigrationEvent.RollbackStarted => "rollback",
        MigrationEvent.RolledBack or MigrationEvent.Completed or MigrationEvent.Cancelled => "end",
        _ => "",
    };
}
