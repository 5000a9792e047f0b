using Coordinator.Testing;

namespace Coordinator.Worker.Tests;

/// <summary>One target for a test class; every test has a migration and a table of its own in it.</summary>
public sealed class InstalledTargetFixture : IAsyncLifetime
{
    private InstalledTarget? _target;

    public InstalledTarget Target => _target ?? throw new InvalidOperationException("The fixture was not initialised.");

    public async Task InitializeAsync() => _target = await InstalledTarget.CreateAsync();

    public async Task DisposeAsync() => await Target.DisposeAsync();
}
