using Coordinator.Cli.Tests.Hosting;
using Coordinator.Cli.Watching;
using Coordinator.Testing;
using Coordinator.V1;
using Spectre.Console;

namespace Coordinator.Cli.Tests.Watching;

public sealed class LiveViewTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly StringWriter _screen = new() { NewLine = "\n" };

    public void Dispose() => _screen.Dispose();

    [Fact]
    public void A_backfill_shows_how_fast_it_is_and_how_long_it_takes_still()
    {
        var view = View();
        Draw(view, Samples.Filling(25));
        _time.Advance(TimeSpan.FromSeconds(5));

        var text = Draw(view, Samples.Filling(50));

        Assert.Contains("████████████░░░░░░░░░░░░ 50.0 %  5,000 rows/s  about 10 s left", text, StringComparison.Ordinal);
        Assert.Contains("public.pgbench_accounts: 50,000 rows written, 4 batches running", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Brackets_in_names_are_brackets_and_escape_sequences_are_taken_out()
    {
        var text = Draw(View(), Samples.With(Samples.Waiting(), static migration =>
        {
            migration.StatusMessage = "waits for [red]operations[0][/]\u001b[2J";
            migration.Blockers[0].Subject = "shop-api/[7f]";
        }));

        Assert.Contains("waits for [red]operations[0][/]", text, StringComparison.Ordinal);
        Assert.Contains("INSTANCE_ALIVE shop-api/[7f]", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[2J", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_verification_that_runs_has_a_line()
    {
        var text = Draw(View(), Samples.With(Samples.Waiting(), static migration => migration.Verifications.Add(Samples.Verifying())));

        Assert.Contains("verifying public.pgbench_accounts: 25.0 % read, 0 rows differ", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Many_blockers_are_counted_not_listed()
    {
        var text = Draw(View(), Samples.With(Samples.Waiting(), static migration => migration.Blockers.Add(
            Enumerable.Range(0, 40).Select(static n => new Blocker { Code = "INSTANCE_ALIVE", Subject = $"shop-api/{n}" }))));

        Assert.Contains("and 29 more", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_stands_out_and_says_what_to_do()
    {
        var text = Draw(View(), Samples.Failed());

        Assert.Contains("FAILED", text, StringComparison.Ordinal);
        Assert.Contains("It needs a person: step fill failed", text, StringComparison.Ordinal);
    }

    private LiveView View() => new(Console(), _time);

    private IAnsiConsole Console()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(_screen),
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
        });
        console.Profile.Width = 200;
        return console;
    }

    private string Draw(LiveView view, Migration migration)
    {
        _screen.GetStringBuilder().Clear();
        Console().Write(view.Draw(migration));
        return _screen.ToString();
    }
}
