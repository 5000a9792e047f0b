using Coordinator.EventStore.Reading;

namespace Coordinator.EventStore;

/// <summary>Reads of streams and of the whole log.</summary>
public interface IQueryEvents
{
    /// <summary>What is known of a stream without its events; null when there is none. Archived streams are found too.</summary>
    public Task<StreamState?> FetchStreamStateAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>
    /// The events of a stream in order; empty when there is none, or when it is archived.
    /// </summary>
    /// <param name="key">The stream.</param>
    /// <param name="version">The last version to read; 0 reads to the end.</param>
    /// <param name="timestamp">
    /// Reads the stream as it was at that time: the events before the first one that is younger. The result is always
    /// a prefix of the stream, also where a later event carries an earlier time.
    /// </param>
    /// <param name="fromVersion">The first version to read.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    public Task<IReadOnlyList<IEvent>> FetchStreamAsync(
        string key,
        long version = 0,
        DateTimeOffset? timestamp = null,
        long fromVersion = 0,
        CancellationToken cancellationToken = default);

    /// <summary>Folds a stream, whole or as it was at a version or a time; null when there are no such events.</summary>
    public Task<StreamAggregate<T>?> AggregateStreamAsync<T>(
        string key,
        long version = 0,
        DateTimeOffset? timestamp = null,
        CancellationToken cancellationToken = default)
        where T : class;

    /// <summary>
    /// The log in sequence order, from after <paramref name="afterSequence"/> to the gap-safe mark at the time of the
    /// call. A reader that keeps the last sequence that it was given and goes on from there misses nothing. Archiving
    /// takes a stream out of stream reads, not out of the log: its events come here with
    /// <see cref="IEvent.IsArchived"/> set, so that readers see the same history whenever they run.
    /// </summary>
    public IAsyncEnumerable<IEvent> ReadAllAsync(
        long afterSequence, int pageSize = 500, CancellationToken cancellationToken = default);
}
