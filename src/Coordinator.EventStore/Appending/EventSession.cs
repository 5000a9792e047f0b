using Coordinator.EventStore.Projections;
using Coordinator.EventStore.Reading;
using Coordinator.EventStore.Registry;
using Npgsql;

namespace Coordinator.EventStore.Appending;

internal sealed class EventSession(
    NpgsqlDataSource dataSource,
    EventQueries queries,
    AppendStatements statements,
    AppendFailure failure,
    EventRegistry registry,
    IReadOnlyList<IInlineProjection> projections,
    SessionMetadata metadata)
    : IEventSession
{
    /// <summary>
    /// How often an append without a version check takes a new look at the version. Each miss is somebody else's
    /// success, so only a stream that is written without pause gets here.
    /// </summary>
    private const int UncheckedAttempts = 100;

    private readonly UnitOfWork _work = new(registry);

    public void StartStream(string key, params IEnumerable<object> events) => _work.Start(key, null, events);

    public void StartStream<T>(string key, params IEnumerable<object> events)
        where T : class => _work.Start(key, registry.Aggregate<T>().Alias, events);

    public void Append(string key, params IEnumerable<object> events) => _work.Append(key, events);

    public void AppendExpecting(string key, long expectedCurrentVersion, params IEnumerable<object> events) =>
        _work.AppendExpecting(key, expectedCurrentVersion, null, events);

    public void AppendExpecting<T>(string key, long expectedCurrentVersion, params IEnumerable<object> events)
        where T : class =>
        _work.AppendExpecting(key, expectedCurrentVersion, registry.Aggregate<T>().Alias, events);

    public void ArchiveStream(string key) => _work.Archive(key);

    public void EnlistBefore(NpgsqlBatchCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        _work.Before.Add(command);
    }

    public void Enlist(NpgsqlBatchCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        _work.After.Add(command);
    }

    public async Task<IEventStream<T>> FetchForWriting<T>(
        string key, long? expectedVersion = null, CancellationToken cancellationToken = default)
        where T : class
    {
        var definition = registry.Aggregate<T>();
        var (state, events) = await queries.FetchStreamWithStateAsync(key, cancellationToken);
        if (state is { IsArchived: true })
        {
            throw new InvalidStreamOperationException(key);
        }

        var version = state?.Version ?? 0;
        return expectedVersion is null || expectedVersion == version
            ? new EventStream<T>(key, version, events, definition, _work)
            : throw new EventStreamUnexpectedMaxEventIdException(key, expectedVersion.Value, version);
    }

    public async Task SaveChangesAsync(CancellationToken cancellationToken = default)
    {
        if (_work.IsEmpty)
        {
            return;
        }

        IReadOnlyList<PendingStream> uncheckedStreams =
            [.. _work.Streams.Where(s => s.Expected is null && s.EventCount > 0)];
        try
        {
            for (var attempt = 1; !await TrySaveAsync(uncheckedStreams, attempt, cancellationToken); attempt++)
            {
            }

            _work.Clear();
        }
        finally
        {
            foreach (var stream in uncheckedStreams)
            {
                stream.Expected = null;
            }
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public Task<StreamState?> FetchStreamStateAsync(string key, CancellationToken cancellationToken = default) =>
        queries.FetchStreamStateAsync(key, cancellationToken);

    public Task<IReadOnlyList<IEvent>> FetchStreamAsync(
        string key,
        long version = 0,
        DateTimeOffset? timestamp = null,
        long fromVersion = 0,
        CancellationToken cancellationToken = default) =>
        queries.FetchStreamAsync(key, version, timestamp, fromVersion, cancellationToken);

    public Task<StreamAggregate<T>?> AggregateStreamAsync<T>(
        string key, long version = 0, DateTimeOffset? timestamp = null, CancellationToken cancellationToken = default)
        where T : class => queries.AggregateStreamAsync<T>(key, version, timestamp, cancellationToken);

    public IAsyncEnumerable<IEvent> ReadAllAsync(
        long afterSequence, int pageSize = 500, CancellationToken cancellationToken = default) =>
        queries.ReadAllAsync(afterSequence, pageSize, cancellationToken);

    /// <summary>
    /// Events carry their version, and projections need it, so an append without a check reads the version first: before
    /// any lock is taken. False when another writer got in between and it is to be tried again.
    /// </summary>
    private async Task<bool> TrySaveAsync(
        IReadOnlyList<PendingStream> uncheckedStreams, int attempt, CancellationToken cancellationToken)
    {
        if (uncheckedStreams.Count > 0)
        {
            var versions = await queries.FetchVersionsAsync(uncheckedStreams.Select(s => s.Key), cancellationToken);
            foreach (var stream in uncheckedStreams)
            {
                stream.Expected = versions.GetValueOrDefault(stream.Key);
            }
        }

        var message = new AppendMessage(_work, metadata, statements, projections);
        try
        {
            await message.SendAsync(dataSource, cancellationToken);
            return true;
        }
        catch (PostgresException e) when (failure.TryTranslate(e, _work, out var translated))
        {
            if (translated is EventStreamUnexpectedMaxEventIdException conflict
                && attempt < UncheckedAttempts
                && uncheckedStreams.Any(s => s.Key == conflict.StreamKey))
            {
                return false;
            }

            throw translated;
        }
    }
}
