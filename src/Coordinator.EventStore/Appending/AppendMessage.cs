using Coordinator.EventStore.Projections;
using Coordinator.EventStore.Registry;
using Npgsql;

namespace Coordinator.EventStore.Appending;

/// <summary>
/// A unit of work as the one message that is sent: begin, guards, stream rows in key order, events, inline projections,
/// side tables, notification, commit.
/// </summary>
internal sealed class AppendMessage
{
    private readonly List<NpgsqlBatchCommand> _commands = [];

    public AppendMessage(
        UnitOfWork work,
        SessionMetadata metadata,
        AppendStatements statements,
        IReadOnlyList<IInlineProjection> projections)
    {
        // Said out loud: under another default isolation the guards would look at an old snapshot.
        _commands.Add(new NpgsqlBatchCommand("begin isolation level read committed read write"));
        _commands.AddRange(work.Before.Select(Copy));
        foreach (var stream in work.Streams.Where(s => s.EventCount > 0))
        {
            _commands.Add(statements.TakeStream(stream));
        }

        if (work.Events.Count > 0)
        {
            AddEvents(work, metadata, statements, projections);
        }

        foreach (var stream in work.Streams.Where(s => s.Archive))
        {
            _commands.AddRange(statements.Archive(stream.Key));
        }

        _commands.AddRange(work.After.Select(Copy));
        if (work.Events.Count > 0)
        {
            _commands.Add(new NpgsqlBatchCommand("select pg_notify('mt_events_appended', '')"));
        }

        _commands.Add(new NpgsqlBatchCommand("commit"));
    }

    public async Task SendAsync(NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        foreach (var command in _commands)
        {
            batch.BatchCommands.Add(command);
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    // Somebody tries again with the same command, in this session or another. A command that ran remembers what it was prepared as on
    // that connection, and would ask for that name on the next one, where it is another statement.
    private static NpgsqlBatchCommand Copy(NpgsqlBatchCommand enlisted)
    {
        var copy = new NpgsqlBatchCommand(enlisted.CommandText);
        foreach (NpgsqlParameter parameter in enlisted.Parameters)
        {
            copy.Parameters.Add(parameter.Clone());
        }

        return copy;
    }

    private void AddEvents(
        UnitOfWork work, SessionMetadata metadata, AppendStatements statements, IReadOnlyList<IInlineProjection> projections)
    {
        IReadOnlyList<IEvent> events = [.. work.Events.Select(e => Envelope(e, metadata))];
        _commands.Add(statements.InsertEvents(events, metadata));
        foreach (var projection in projections)
        {
            _commands.AddRange(projection.Project(events));
        }
    }

    private static EventEnvelope Envelope(PendingEvent pending, SessionMetadata metadata) => new()
    {
        Id = pending.Id,
        Version = pending.Stream.Expected!.Value + pending.Ordinal,
        StreamKey = pending.Stream.Key,
        Data = pending.Data,
        EventTypeName = pending.Alias,
        DotNetTypeName = TypeAlias.DotNetName(pending.Data.GetType()),
        CorrelationId = metadata.CorrelationId,
        CausationId = metadata.CausationId,
        UserName = metadata.UserName,
        Headers = metadata.Headers ?? EventEnvelope.NoHeaders,
    };
}
