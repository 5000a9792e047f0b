using Npgsql;

namespace Coordinator.Engine.Leasing;

/// <summary>
/// Says every few seconds that some replica is running. When nobody said so for longer than
/// <see cref="EngineOptions.TickGap"/>, nobody could have been renewed either: that time is given back to the leases
/// that held when it began, in the transaction that notices it.
/// </summary>
public sealed class ServiceTick(CoordinationDatabase database, EngineOptions options)
{
    /// <summary>Ticks once. Any number of replicas may do so; one of them sees the gap.</summary>
    /// <returns>The gap that was given back; null when there was none.</returns>
    public async Task<TimeSpan?> TickAsync(CancellationToken cancellationToken)
    {
        await using var batch = database.DataSource.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            "insert into coordinator.service_tick (ticked_at) values (clock_timestamp()) on conflict do nothing"));
        batch.BatchCommands.Add(TickCommand());
        return (TimeSpan?)await batch.ExecuteScalarAsync(cancellationToken);
    }

    // A lease ends at most a full lease from now: one that was renewed between the restart and this tick has that already.
    // Rows are locked in the order of their keys, as renewals do.
    private NpgsqlBatchCommand TickCommand() => new(
        """
        with last as materialized (
            select ticked_at from coordinator.service_tick for update
        ), gap as materialized (
            select ticked_at, clock_timestamp() - ticked_at as length from last
        ), ticked as (
            update coordinator.service_tick t set ticked_at = clock_timestamp() from last
        ), live as materialized (
            select i.application, i.instance
            from coordinator.instance i cross join gap
            where gap.length > $1 and i.state = 0 and i.expires_at > gap.ticked_at
            order by i.application, i.instance
            for no key update of i
        ), instances as (
            update coordinator.instance i
            set expires_at = greatest(i.expires_at, least(i.expires_at + gap.length, clock_timestamp() + $2))
            from live, gap
            where i.application = live.application and i.instance = live.instance
        ), held as materialized (
            select b.migration, b.shard, b.step, b.batch
            from coordinator.backfill_batch b cross join gap
            where gap.length > $1 and b.state = 0 and b.expires_at > gap.ticked_at
            order by b.migration, b.shard, b.step, b.batch
            for no key update of b
        ), leases as (
            update coordinator.backfill_batch b
            set expires_at = greatest(b.expires_at, least(b.expires_at + gap.length, clock_timestamp() + $3))
            from held, gap
            where b.migration = held.migration and b.shard = held.shard and b.step = held.step and b.batch = held.batch
        )
        select length from gap where length > $1
        """)
    {
        Parameters =
        {
            new() { Value = options.TickGap },
            new() { Value = options.InstanceLease },
            new() { Value = options.BatchLease },
        },
    };
}
