using Coordinator.EventStore.Registry;

namespace Coordinator.EventStore.Tests.Registry;

/// <summary>Marten's rule for aliases, by its own examples: another alias would be another event type to Marten.</summary>
public sealed class TypeAliasTests : IAsyncLifetime
{
    private EventStoreFixture _fixture = null!;

    public async Task InitializeAsync() => _fixture = await EventStoreFixture.CreateAsync(new EventRegistry()
        .Add<MigrationStarted>()
        .Add<HTTPStarted>()
        .Add<ShardV2Claimed>()
        .Add<Shard2Claimed>()
        .Add<PhaseAdvancedV10>()
        .Add<URLSet>()
        .Add<Cutover_Begun>()
        .Add<Wrapped<URLSet>>());

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task A_type_without_alias_gets_martens()
    {
        await using var session = _fixture.Store.OpenSession();
        session.Append(
            "s",
            new MigrationStarted(),
            new HTTPStarted(),
            new ShardV2Claimed(),
            new Shard2Claimed(),
            new PhaseAdvancedV10(),
            new URLSet(),
            new Cutover_Begun(),
            new Wrapped<URLSet>());
        await session.SaveChangesAsync();

        Assert.Equal(
            [
                "migration_started",
                "http_started",
                "shard_v2_claimed",
                "shard_2_claimed",
                "phase_advanced_v10",
                "url_set",
                "cutover___begun",
                "Wrapped<URLSet>",
            ],
            (await session.FetchStreamAsync("s")).Select(e => e.EventTypeName));
    }

    public sealed record MigrationStarted;

    public sealed record HTTPStarted;

    public sealed record ShardV2Claimed;

    public sealed record Shard2Claimed;

    public sealed record PhaseAdvancedV10;

    public sealed record URLSet;

    public sealed record Cutover_Begun;

    public sealed record Wrapped<T>;
}
