using Coordinator.Cli.Output;
using Coordinator.V1;

namespace Coordinator.Cli.Watching;

/// <summary>Only the last state, as one JSON document: what a program that asked for one document expects.</summary>
internal sealed class FinalView(TextWriter writer) : IMigrationView
{
    public async Task RunAsync(Func<Action<Migration>, Task> loop)
    {
        Migration? last = null;
        try
        {
            await loop(migration => last = migration);
        }
        finally
        {
            Write(last);
        }
    }

    private void Write(Migration? last)
    {
        if (last is not null)
        {
            writer.WriteLine(JsonText.Write(JsonText.Of("migration", last), OutputFormat.Json));
        }
    }
}
