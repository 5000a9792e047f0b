using Coordinator.Cli.Output;
using Coordinator.Cli.Tests.Hosting;
using Coordinator.Cli.Watching;
using Coordinator.Testing;
using MigrationState = Coordinator.V1.Migration.Types.State;

namespace Coordinator.Cli.Tests.Watching;

public sealed class LineViewTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly SharedText _log = new();

    public void Dispose() => _log.Dispose();

    [Fact]
    public void Numbers_alone_make_a_line_only_now_and_then()
    {
        var view = View();
        for (var second = 0; second <= 20; second++)
        {
            view.Show(Samples.Filling(20 + second));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(
            """
            00:00:00Z running | migrate/fill started | fill 20.0 %, 20,000 rows | filling abalance
            00:00:10Z running | migrate/fill started | fill 30.0 %, 30,000 rows | filling abalance
            00:00:20Z running | migrate/fill started | fill 40.0 %, 40,000 rows | filling abalance

            """,
            _log.Text);
    }

    [Fact]
    public void What_is_more_than_a_number_makes_a_line_at_once()
    {
        var view = View();
        view.Show(Samples.Filling(20));
        view.Show(Samples.With(Samples.Filling(21), static migration => migration.StatusMessage = "held: replication lag"));
        view.Show(Samples.Of(MigrationState.Paused));

        Assert.Equal(3, _log.Text.Count(static character => character == '\n'));
    }

    [Fact]
    public void A_blocker_whose_text_ages_is_named_once()
    {
        var view = View();
        view.Show(Samples.Waiting());
        view.Show(Samples.With(Samples.Waiting(), static migration => migration.Blockers[0].Message = "last seen 40 s ago"));

        Assert.Single(_log.Text.Split('\n'), static line => line.Contains("waits for", StringComparison.Ordinal));
    }

    [Fact]
    public void A_verification_that_is_repeated_at_the_gate_has_its_numbers_in_the_line()
    {
        View().Show(Samples.With(Samples.Waiting(), static migration => migration.Verifications.Add(Samples.Verifying())));

        Assert.Contains(
            "verifying public.pgbench_accounts: 25.0 % read, 0 rows differ; waits: a standby replays late", _log.Text, StringComparison.Ordinal);
    }

    private LineView View() => new(_log, Palette.None, _time);
}
