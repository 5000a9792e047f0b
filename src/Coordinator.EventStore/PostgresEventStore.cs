using Coordinator.EventStore.Appending;
using Coordinator.EventStore.Projections;
using Coordinator.EventStore.Reading;
using Coordinator.EventStore.Registry;
using Coordinator.EventStore.Schema;
using Npgsql;

namespace Coordinator.EventStore;

/// <summary>The event store on PostgreSQL. Cheap to create; it owns neither the data source nor a connection.</summary>
public sealed class PostgresEventStore : IEventStore
{
    private static readonly SessionMetadata NoMetadata = new();

    private readonly NpgsqlDataSource _dataSource;
    private readonly EventRegistry _registry;
    private readonly IReadOnlyList<IInlineProjection> _projections;
    private readonly EventStoreSchema _schema;
    private readonly HighWaterDetector _highWater;
    private readonly EventQueries _queries;
    private readonly AppendStatements _statements;
    private readonly AppendFailure _failure;
    private readonly ProjectionRebuild _rebuild;

    /// <summary>Takes a copy of the options.</summary>
    /// <exception cref="ArgumentException">A schema name that PostgreSQL would cut, or two projections of one name.</exception>
    public PostgresEventStore(NpgsqlDataSource dataSource, EventStoreOptions options, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        ArgumentNullException.ThrowIfNull(options);
        var schema = new SchemaName(options.SchemaName);
        _dataSource = dataSource;
        _registry = options.Registry;
        _projections = [.. options.InlineProjections];
        if (_projections.Select(p => p.Name).Distinct(StringComparer.Ordinal).Count() != _projections.Count)
        {
            throw new ArgumentException("Two inline projections have the same name.", nameof(options));
        }

        _schema = new EventStoreSchema(dataSource, schema, timeProvider ?? TimeProvider.System);
        _highWater = new HighWaterDetector(dataSource, schema);
        _queries = new EventQueries(dataSource, schema, _registry, _highWater);
        _statements = new AppendStatements(schema);
        _failure = new AppendFailure(schema);
        _rebuild = new ProjectionRebuild(dataSource, schema, _registry);
    }

    /// <inheritdoc/>
    public IQueryEvents Query => _queries;

    /// <inheritdoc/>
    public Task EnsureSchemaAsync(CancellationToken cancellationToken) => _schema.EnsureAsync(cancellationToken);

    /// <inheritdoc/>
    public IEventSession OpenSession(SessionMetadata? metadata = null) =>
        new EventSession(_dataSource, _queries, _statements, _failure, _registry, _projections, metadata ?? NoMetadata);

    /// <inheritdoc/>
    public Task<long> HighWaterMarkAsync(CancellationToken cancellationToken) => _highWater.DetectAsync(cancellationToken);

    /// <inheritdoc/>
    public Task RebuildAsync(IInlineProjection projection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(projection);
        return _rebuild.RunAsync(projection, cancellationToken);
    }
}
