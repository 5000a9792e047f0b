namespace Coordinator.Cli.Tests.Hosting;

/// <summary>A test class whose every test has a fake server of its own.</summary>
public abstract class FakeCoordinatorTest : IAsyncLifetime
{
    private FakeCoordinator? _server;

    internal FakeCoordinator Server => _server ?? throw new InvalidOperationException("The test has not begun.");

    internal FakeAnswers Answers => Server.Answers;

    /// <inheritdoc/>
    public async Task InitializeAsync() => _server = await FakeCoordinator.StartAsync();

    /// <inheritdoc/>
    public async Task DisposeAsync() => await Server.DisposeAsync();
}
