using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Coordinator.EventStore.Registry;

/// <summary>
/// The event and aggregate types that a program knows, by stable alias. An alias has exactly one reading: a type, an old
/// name of a type, or an upcaster. It is filled while the program starts and only read afterwards.
/// </summary>
public sealed class EventRegistry
{
    /// <summary>
    /// The serialiser's defaults: names as declared, enums as numbers, nulls written. The one difference is in reading:
    /// jsonb orders the keys of an object anew, so a discriminator need not come first.
    /// </summary>
    private static readonly JsonSerializerOptions Json = new() { AllowOutOfOrderMetadataProperties = true };

    private readonly Dictionary<Type, string> _aliases = [];
    private readonly Dictionary<string, Func<string, object>> _readers = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, object> _aggregates = [];

    /// <summary>Registers an event type under an explicit alias.</summary>
    /// <exception cref="ArgumentException">The alias or the type is registered already.</exception>
    public EventRegistry Add<T>(string alias)
        where T : class
    {
        if (_aliases.ContainsKey(typeof(T)))
        {
            throw new ArgumentException($"{typeof(T)} is registered already.", nameof(alias));
        }

        AddReader(alias, Read<T>);
        _aliases.Add(typeof(T), alias);
        return this;
    }

    /// <summary>Registers an event type under the alias that Marten would give it: the class name in snake case.</summary>
    public EventRegistry Add<T>()
        where T : class => Add<T>(TypeAlias.For(typeof(T)));

    /// <summary>Lets an old name of an event type be read as the type; it is written under its own alias.</summary>
    public EventRegistry AddAlias<T>(string oldAlias)
        where T : class => AddReader(oldAlias, Read<T>);

    /// <summary>Lets bodies of an older shape, stored under an alias of their own, be read as a newer type.</summary>
    public EventRegistry Upcast<TOld, TNew>(string alias, Func<TOld, TNew> upcast)
        where TOld : class
        where TNew : class
    {
        ArgumentNullException.ThrowIfNull(upcast);
        return AddReader(alias, json => upcast((TOld)Read<TOld>(json)));
    }

    /// <summary>As the overload with a type for the old shape, for a shape that has none any more.</summary>
    public EventRegistry Upcast<TNew>(string alias, Func<JsonElement, TNew> upcast)
        where TNew : class
    {
        ArgumentNullException.ThrowIfNull(upcast);
        // Deserialised, not parsed into a pooled document: the upcaster may keep the element.
        return AddReader(alias, json => upcast(JsonSerializer.Deserialize<JsonElement>(json, Json)));
    }

    /// <summary>Registers how a stream is folded into a state, and the alias that such a stream is started with.</summary>
    public EventRegistry AddAggregate<TState>(
        string alias, Func<TState> initial, Func<TState, object, TState> evolve)
        where TState : class
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(alias);
        ArgumentNullException.ThrowIfNull(initial);
        ArgumentNullException.ThrowIfNull(evolve);
        if (!_aggregates.TryAdd(typeof(TState), new AggregateDefinition<TState>(alias, initial, evolve)))
        {
            throw new ArgumentException($"{typeof(TState)} is registered already.", nameof(alias));
        }

        return this;
    }

    internal bool TryGetAlias(Type type, [NotNullWhen(true)] out string? alias) => _aliases.TryGetValue(type, out alias);

    internal AggregateDefinition<T> Aggregate<T>()
        where T : class => _aggregates.TryGetValue(typeof(T), out var definition)
            ? (AggregateDefinition<T>)definition
            : throw new InvalidOperationException($"{typeof(T)} is not registered as an aggregate.");

    /// <summary>By its own type, also where a base type is polymorphic: the alias is the discriminator.</summary>
    internal static string Serialize(object data) => JsonSerializer.Serialize(data, data.GetType(), Json);

    internal object Deserialize(string alias, long sequence, string json)
    {
        if (!_readers.TryGetValue(alias, out var read))
        {
            throw new UnknownEventTypeException(alias);
        }

        try
        {
            return read(json);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // An upcaster is anybody's code; whatever it throws, the reader must learn which event it was.
            throw new EventDeserializationFailureException(alias, sequence, e);
        }
    }

    private static object Read<T>(string json)
        where T : class =>
        JsonSerializer.Deserialize<T>(json, Json) ?? throw new JsonException("The body is null.");

    private EventRegistry AddReader(string alias, Func<string, object> read)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(alias);
        if (alias.Length > 500)
        {
            throw new ArgumentException("An alias has at most 500 characters.", nameof(alias));
        }

        if (!_readers.TryAdd(alias, read))
        {
            throw new ArgumentException($"Alias '{alias}' is registered already.", nameof(alias));
        }

        return this;
    }
}
