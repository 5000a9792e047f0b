using System.Diagnostics.CodeAnalysis;
using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Backfills;

/// <summary>What a driver or an operator asks of a backfill.</summary>
public abstract record BackfillCommand
{
    private BackfillCommand()
    {
    }

    public sealed record Plan(string Migration, string Step, TableRef Table, string Statement, IReadOnlyList<string> Shards)
        : BackfillCommand;

    public sealed record Start(IReadOnlyDictionary<string, long> BlocksByShard) : BackfillCommand;

    public sealed record Restart(string Reason, IReadOnlyDictionary<string, long> BlocksByShard) : BackfillCommand;

    public sealed record Pause(string Reason) : BackfillCommand;

    [SuppressMessage("Naming", "CA1716", Justification = "Only Visual Basic reserves the word; it is the verb that operators use.")]
    public sealed record Resume : BackfillCommand;

    /// <summary>What is null stays as it is; with <see cref="Reset"/> it goes back to its default.</summary>
    public sealed record Tune(string By, int? BatchRows, int? MaxParallel) : BackfillCommand
    {
        public TimeSpan? MaxWait { get; init; }

        public TimeSpan? PauseBetween { get; init; }

        public string? QuietHours { get; init; }

        public string? Check { get; init; }

        public bool Reset { get; init; }
    }

    public sealed record Progress(long RowsDone, long BlocksDone, long BlocksTotal) : BackfillCommand;

    public sealed record QuarantineRows(long Count, string FirstError) : BackfillCommand;

    /// <summary>The backfill stopped itself, because too much fails.</summary>
    public sealed record Trip(string Code, string Reason, long Quarantined) : BackfillCommand;

    public sealed record WaiveRows(string By, string Reason, IReadOnlyList<string> Keys, long Count) : BackfillCommand;

    public sealed record RetryRows(string By, long Repaired, long Gone, long StillBad) : BackfillCommand;

    public sealed record Verify(long RowsChecked) : BackfillCommand;

    public sealed record Finish(long Rows, long Batches) : BackfillCommand;
}
