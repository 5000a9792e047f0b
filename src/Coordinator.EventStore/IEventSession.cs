using Coordinator.EventStore.Appending;
using Npgsql;

namespace Coordinator.EventStore;

/// <summary>
/// A unit of work for one caller. Its calls only queue; <see cref="SaveChangesAsync"/> sends everything as one
/// pipelined message with one transaction in it, so that no round trip stands between the first lock and the commit
/// and a client that stops after sending holds nothing.
/// </summary>
public interface IEventSession : IQueryEvents, IAsyncDisposable
{
    /// <summary>Queues a new stream. A stream that exists already fails the save.</summary>
    /// <exception cref="EmptyEventStreamException">There are no events.</exception>
    public void StartStream(string key, params IEnumerable<object> events);

    /// <summary>As <see cref="StartStream(string, IEnumerable{object})"/>, with the aggregate's alias as the stream's type.</summary>
    /// <exception cref="EmptyEventStreamException">There are no events.</exception>
    public void StartStream<T>(string key, params IEnumerable<object> events)
        where T : class;

    /// <summary>
    /// Queues events at whatever version the stream has at the save; a missing stream is started. Where a decision
    /// stands behind the events, <see cref="AppendExpecting(string, long, IEnumerable{object})"/> is the right call.
    /// </summary>
    public void Append(string key, params IEnumerable<object> events);

    /// <summary>
    /// Queues events for a stream that is at <paramref name="expectedCurrentVersion"/> now, before the append; 0 means
    /// that it must not exist, and starts it. No events is no work.
    /// </summary>
    public void AppendExpecting(string key, long expectedCurrentVersion, params IEnumerable<object> events);

    /// <summary>As the overload without type; a stream that is started gets the aggregate's alias as its type.</summary>
    public void AppendExpecting<T>(string key, long expectedCurrentVersion, params IEnumerable<object> events)
        where T : class;

    /// <summary>
    /// Reads and folds a stream for a decision; what is appended to the result is saved at exactly the version that
    /// was read. A missing stream is version 0.
    /// </summary>
    /// <exception cref="ConcurrencyException"><paramref name="expectedVersion"/> is not the stream's version.</exception>
    /// <exception cref="InvalidStreamOperationException">The stream is archived.</exception>
    public Task<IEventStream<T>> FetchForWriting<T>(
        string key, long? expectedVersion = null, CancellationToken cancellationToken = default)
        where T : class;

    /// <summary>Queues the archiving of a stream, after the events queued for it: later appends fail, stream reads hide it.</summary>
    public void ArchiveStream(string key);

    /// <summary>
    /// Queues a statement to run before the stream rows are taken, in call order: row locks and raising guards. What
    /// it raises reaches the caller of <see cref="SaveChangesAsync"/> unchanged, and nothing is saved.
    /// </summary>
    public void EnlistBefore(NpgsqlBatchCommand command);

    /// <summary>Queues a statement to run after the events and the inline projections, in call order: side tables.</summary>
    public void Enlist(NpgsqlBatchCommand command);

    /// <summary>
    /// Sends everything that is queued in one transaction; without anything queued it does nothing. After a success the
    /// session is empty and can be used again; after a failure nothing was saved, and repeating is the caller's choice.
    /// </summary>
    /// <exception cref="EventStreamUnexpectedMaxEventIdException">A stream is not at the expected version.</exception>
    /// <exception cref="ExistingStreamIdCollisionException">A started stream exists already.</exception>
    /// <exception cref="InvalidStreamOperationException">A stream is archived.</exception>
    /// <exception cref="ConcurrencyException">The transaction was chosen as a deadlock's victim.</exception>
    /// <exception cref="PostgresException">An enlisted or projected statement failed.</exception>
    public Task SaveChangesAsync(CancellationToken cancellationToken = default);
}
