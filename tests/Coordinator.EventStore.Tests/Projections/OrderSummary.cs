using Coordinator.EventStore.Projections;
using Npgsql;

namespace Coordinator.EventStore.Tests.Projections;

/// <summary>A list of orders, written in the appending transaction.</summary>
internal sealed class OrderSummary : IInlineProjection
{
    public const string Table = """
        create table order_summary (
            key text primary key, customer text, items bigint not null default 0, version bigint not null,
            who text, started timestamptz, changed timestamptz)
        """;

    public string Name => "order_summary";

    public IEnumerable<NpgsqlBatchCommand> Project(IReadOnlyList<IEvent> events) => events.Select(e => new NpgsqlBatchCommand("""
        insert into order_summary (key, customer, items, version, who, started, changed)
        values ($1, $2, $3, $4, $5, coalesce($6, now()), coalesce($6, now()))
        on conflict (key) do update set
            customer = coalesce(excluded.customer, order_summary.customer),
            items = order_summary.items + excluded.items,
            version = excluded.version,
            who = excluded.who,
            changed = excluded.changed
        """)
    {
        Parameters =
        {
            new() { Value = e.StreamKey },
            new() { Value = (object?)(e.Data as OrderEvent.Placed)?.Customer ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text },
            new() { Value = (long)((e.Data as OrderEvent.ItemAdded)?.Quantity ?? 0) },
            new() { Value = e.Version },
            new() { Value = (object?)e.UserName ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text },
            ProjectionTimestamp.Parameter(e),
        },
    });

    public IEnumerable<NpgsqlBatchCommand> Reset() => [new("delete from order_summary")];
}
