using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator quarantine ...</c></summary>
internal static class QuarantineCommand
{
    private const string Epilogue = """
        A backfill goes on around a row that can't be filled (a value that can't be converted, a constraint, a trigger that
        refuses it) and puts that row into quarantine. The contract waits until each is right, gone or waived. A row that
        the application puts right, or deletes, is let go by itself. A row that a handler could not fill is not tried again
        from here: write it yourself and waive it.

        Examples:
          coordinator quarantine list rename-balance
          coordinator quarantine retry rename-balance --all
          coordinator quarantine waive rename-balance --key '{"aid": 5}' --reason "closed account, never read again"
        """;

    public static Command Create(CommandRunner runner) => runner.Group(
        new Command("quarantine", "Rows that a backfill could not fill: look at them, try them again, let them stay.")
        {
            QuarantineListCommand.Create(runner),
            QuarantineRetryCommand.Create(runner),
            QuarantineWaiveCommand.Create(runner),
        },
        Epilogue);

    public static Option<string?> StepOption() => new("--step")
    {
        Description = "Only rows of this backfill step; without it those of all.",
        HelpName = "STEP",
    };

    public static Option<string[]> KeyOption() => new("--key")
    {
        Description = "The row's key, exactly as 'coordinator quarantine list' shows it; may be given several times.",
        HelpName = "KEY",
    };

    public static Option<bool> AllOption() => new("--all") { Description = "All rows that were not waived." };

    public static void RequireRows(Command command, Option<string[]> key, Option<bool> all) =>
        command.Validators.Add(result =>
        {
            var keys = result.GetValue(key) is { Length: > 0 };
            if (keys == result.GetValue(all))
            {
                result.AddError("Give either --key KEY or --all.");
            }
        });

    /// <summary>The migration, or one of its backfills.</summary>
    public static string Parent(string migration, string? step) =>
        ResourceName.Migration(migration) + (string.IsNullOrEmpty(step) ? "" : "/backfills/" + step);
}
