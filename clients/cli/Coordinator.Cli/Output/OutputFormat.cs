namespace Coordinator.Cli.Output;

internal enum OutputFormat
{
    /// <summary>For people.</summary>
    Table,

    /// <summary>One document.</summary>
    Json,

    /// <summary>One object per line.</summary>
    JsonLines,
}
