using Coordinator.Engine.Applications;
using Coordinator.Engine.Events;
using Coordinator.Engine.Schema;
using Coordinator.EventStore;
using Coordinator.Testing;

namespace Coordinator.Engine.Tests;

/// <summary>A coordination database of its own for a test class. Tests share it and use names of their own.</summary>
public sealed class CoordinationFixture : IAsyncLifetime
{
    /// <summary>The database, for looking in by another connection.</summary>
    public TestDatabase Database { get; private set; } = null!;

    /// <summary>The same, as the engine is given it.</summary>
    public CoordinationDatabase Coordination { get; private set; } = null!;

    /// <summary>The event store with the projection of applications.</summary>
    public IEventStore Store { get; private set; } = null!;

    /// <summary>Without a limit per server: the backfills of all tests stand for one and the same.</summary>
    public EngineOptions Options { get; } = new() { ServerParallelism = int.MaxValue };

    public async Task InitializeAsync()
    {
        Database = await TestDatabase.CreateAsync();
        Coordination = new CoordinationDatabase(Database.ConnectionString);
        await CoordinationSchema.EnsureAsync(Coordination.DataSource, CancellationToken.None);
        Store = new PostgresEventStore(
            Coordination.DataSource,
            new EventStoreOptions { Registry = EventTypes.Create(), InlineProjections = [new ApplicationProjection()] });
        await Store.EnsureSchemaAsync(CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await Coordination.DisposeAsync();
        await Database.DisposeAsync();
    }
}
