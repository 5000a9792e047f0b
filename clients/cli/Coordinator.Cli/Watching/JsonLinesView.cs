using Coordinator.Cli.Output;
using Coordinator.V1;

namespace Coordinator.Cli.Watching;

/// <summary>One JSON object per change.</summary>
internal sealed class JsonLinesView(TextWriter writer) : IMigrationView
{
    public Task RunAsync(Func<Action<Migration>, Task> loop) => loop(Show);

    private void Show(Migration migration)
    {
        writer.WriteLine(JsonText.Write(JsonText.Of("migration", migration), OutputFormat.JsonLines));
        writer.Flush();
    }
}
