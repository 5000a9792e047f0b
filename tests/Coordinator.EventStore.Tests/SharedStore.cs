namespace Coordinator.EventStore.Tests;

/// <summary>One database for the tests of a class that look only at streams of their own.</summary>
public sealed class SharedStore : IAsyncLifetime
{
    public EventStoreFixture Fixture { get; private set; } = null!;

    /// <summary>A stream that no other test has.</summary>
    public static string NewKey() => $"order-{Guid.CreateVersion7():N}";

    public async Task InitializeAsync() => Fixture = await EventStoreFixture.CreateAsync();

    public async Task DisposeAsync() => await Fixture.DisposeAsync();
}
