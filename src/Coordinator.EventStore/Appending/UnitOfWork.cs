using Coordinator.EventStore.Registry;
using Npgsql;

namespace Coordinator.EventStore.Appending;

/// <summary>Everything that a session has queued.</summary>
internal sealed class UnitOfWork(EventRegistry registry)
{
    // Ordinal order of keys is the one order in which all writers take stream rows, so appends cannot deadlock.
    private readonly SortedDictionary<string, PendingStream> _streams = new(StringComparer.Ordinal);

    public List<PendingEvent> Events { get; } = [];

    public List<NpgsqlBatchCommand> Before { get; } = [];

    public List<NpgsqlBatchCommand> After { get; } = [];

    public IEnumerable<PendingStream> Streams => _streams.Values;

    public bool IsEmpty => Events.Count == 0 && Before.Count == 0 && After.Count == 0 && _streams.Count == 0;

    public void Start(string key, string? aggregateAlias, IEnumerable<object> events)
    {
        var queued = Wrap(events);
        if (queued.Count == 0)
        {
            throw new EmptyEventStreamException(key);
        }

        if (_streams.ContainsKey(key))
        {
            throw new InvalidOperationException($"Stream '{key}' has work in this session already and cannot be started.");
        }

        var stream = Stream(key);
        stream.Expected = 0;
        stream.MustBeNew = true;
        stream.AggregateAlias = aggregateAlias;
        Add(stream, queued);
    }

    public void Append(string key, IEnumerable<object> events)
    {
        var queued = Wrap(events);
        if (queued.Count > 0)
        {
            Add(Stream(key), queued);
        }
    }

    public void AppendExpecting(string key, long expected, string? aggregateAlias, IEnumerable<object> events)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(expected);
        var queued = Wrap(events);
        if (queued.Count == 0)
        {
            return;
        }

        var stream = Stream(key);
        if (stream.EventCount > 0 && stream.Expected + stream.EventCount != expected)
        {
            throw new InvalidOperationException(
                $"Stream '{key}' has events in this session already; at version {expected} nothing can follow them.");
        }

        if (stream.EventCount == 0)
        {
            stream.Expected = expected;
            stream.AggregateAlias = aggregateAlias;
        }

        Add(stream, queued);
    }

    public void Archive(string key) => Stream(key).Archive = true;

    public PendingStream? Find(string key) => _streams.GetValueOrDefault(key);

    public void Clear()
    {
        _streams.Clear();
        Events.Clear();
        Before.Clear();
        After.Clear();
    }

    private PendingStream Stream(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        if (!_streams.TryGetValue(key, out var stream))
        {
            _streams.Add(key, stream = new PendingStream(key));
        }

        return stream;
    }

    /// <summary>All or none: a type that is not registered leaves the session as it was.</summary>
    private List<(object Data, string Alias)> Wrap(IEnumerable<object> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        return [.. events.Select(data =>
        {
            ArgumentNullException.ThrowIfNull(data, nameof(events));
            return registry.TryGetAlias(data.GetType(), out var alias)
                ? (data, alias)
                : throw new UnknownEventTypeException(data.GetType().ToString());
        })];
    }

    private void Add(PendingStream stream, List<(object Data, string Alias)> events)
    {
        foreach (var (data, alias) in events)
        {
            Events.Add(new PendingEvent(stream, ++stream.EventCount, data, alias, Guid.CreateVersion7()));
        }
    }
}
