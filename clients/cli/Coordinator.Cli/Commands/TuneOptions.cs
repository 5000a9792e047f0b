using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.V1;
using Google.Protobuf.WellKnownTypes;

namespace Coordinator.Cli.Commands;

/// <summary>The options of <c>coordinator tune</c>.</summary>
internal sealed class TuneOptions
{
    public Argument<string> Name { get; } = MigrationArgument.Create();

    public Option<string?> Step { get; } = new("--step")
    {
        Description = "The backfill step; needed where the migration has several.",
        HelpName = "STEP",
    };

    public Option<bool> Reset { get; } = new("--reset") { Description = "Put what is not given here back to its default." };

    private Option<TimeSpan?> MaxWait { get; } = new("--max-wait")
    {
        Description = "The longest wait behind a batch that you accept; 100ms by default.",
        HelpName = "DURATION",
        CustomParser = DurationText.Parse,
    };

    private Option<int?> MaxParallel { get; } = new("--max-parallel")
    {
        Description = "How many batches may run at once on one database.",
        HelpName = "N",
    };

    private Option<int?> BatchRows { get; } = new("--batch-rows")
    {
        Description = "About how many rows a batch may have at most.",
        HelpName = "N",
    };

    private Option<TimeSpan?> PauseBetween { get; } = new("--pause-between")
    {
        Description = "How long a worker waits between two batches.",
        HelpName = "DURATION",
        CustomParser = DurationText.Parse,
    };

    private Option<string?> QuietHours { get; } = new("--quiet-hours")
    {
        Description = "When nothing is granted, UTC; several with commas, '' for none.",
        HelpName = "HH:MM-HH:MM",
    };

    private Option<string?> Check { get; } = new("--check")
    {
        Description = "A query in the target, run twice a second: false stops the backfill. '' for none.",
        HelpName = "SQL",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(MaxWait);
        command.Options.Add(MaxParallel);
        command.Options.Add(BatchRows);
        command.Options.Add(PauseBetween);
        command.Options.Add(QuietHours);
        command.Options.Add(Check);
        command.Options.Add(Step);
        command.Options.Add(Reset);
    }

    /// <exception cref="UsageException">Nothing is given.</exception>
    public BackfillTuning Read(CommandContext context)
    {
        var tuning = new BackfillTuning
        {
            MaxWait = context.Get(MaxWait) is { } wait ? Duration.FromTimeSpan(wait) : null,
            PauseBetween = context.Get(PauseBetween) is { } pause ? Duration.FromTimeSpan(pause) : null,
        };
        if (context.Get(MaxParallel) is { } parallel)
        {
            tuning.MaxParallel = parallel;
        }

        if (context.Get(BatchRows) is { } rows)
        {
            tuning.BatchRows = rows;
        }

        if (context.Get(QuietHours) is { } hours)
        {
            tuning.QuietHours = hours;
        }

        if (context.Get(Check) is { } check)
        {
            tuning.Check = check;
        }

        return !tuning.Equals(new BackfillTuning()) || context.Get(Reset)
            ? tuning
            : throw new UsageException("Nothing is given to change.", "Give a setting or --reset; see 'coordinator tune --help'.");
    }
}
