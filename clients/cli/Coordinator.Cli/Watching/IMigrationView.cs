using Coordinator.V1;

namespace Coordinator.Cli.Watching;

/// <summary>Shows a migration as it changes.</summary>
internal interface IMigrationView
{
    /// <summary>Runs a loop that calls back with every change. A view that needs the screen has it for as long as the loop runs.</summary>
    public Task RunAsync(Func<Action<Migration>, Task> loop);
}
