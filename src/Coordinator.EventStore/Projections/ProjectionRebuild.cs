using Coordinator.EventStore.Reading;
using Coordinator.EventStore.Registry;
using Coordinator.EventStore.Schema;
using Npgsql;

namespace Coordinator.EventStore.Projections;

/// <summary>
/// Replays the whole log into one projection, in one transaction. The lock conflicts with every append's stream row and
/// with another rebuild: once it is held, all earlier appends have ended and are visible, and none can come in between.
/// </summary>
internal sealed class ProjectionRebuild(NpgsqlDataSource dataSource, SchemaName schema, EventRegistry registry)
{
    private const int PageSize = 500;

    private readonly string _lock = $"lock table {schema}.mt_streams in share row exclusive mode";

    // Archived events too: the live projection saw them before they were archived.
    private readonly string _page = $"""
        select {EventRow.Columns}
          from {schema}.mt_events e
         where e.seq_id > $1 and e.type <> 'tombstone'
         order by e.seq_id
         limit {PageSize}
        """;

    public async Task RunAsync(IInlineProjection projection, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // A replica that stops here would keep all appends out; the server ends its transaction.
        await RunAsync(
            connection,
            [new("set local idle_in_transaction_session_timeout = '5s'"), new(_lock), .. projection.Reset()],
            cancellationToken);
        var after = 0L;
        while (true)
        {
            var page = await ReadPageAsync(connection, after, cancellationToken);
            if (page.Count == 0)
            {
                break;
            }

            await RunAsync(connection, projection.Project(page), cancellationToken);
            after = page[^1].Sequence;
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task RunAsync(
        NpgsqlConnection connection, IEnumerable<NpgsqlBatchCommand> commands, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var command in commands)
        {
            batch.BatchCommands.Add(command);
        }

        if (batch.BatchCommands.Count > 0)
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private async Task<List<IEvent>> ReadPageAsync(
        NpgsqlConnection connection, long after, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_page) { Parameters = { SqlParameter.Number(after) } });
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        List<IEvent> events = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            events.Add(EventRow.Read(reader, registry));
        }

        return events;
    }
}
