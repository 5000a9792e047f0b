using Coordinator.Domain.Applications;
using Coordinator.Engine.Applications;

namespace Coordinator.Engine.Tests.Applications;

public sealed class ApplicationProjectionTests(CoordinationFixture fixture) : IClassFixture<CoordinationFixture>
{
    private readonly AdmissionFixture _admission = new(fixture);

    [Fact]
    public async Task Rebuilt_from_zero_it_equals_the_live_rows()
    {
        await HistoryAsync();
        var live = await RowsAsync();
        Assert.Contains("\"floor\": 2", live, StringComparison.Ordinal);
        Assert.Contains("\"ceiling\": 9", live, StringComparison.Ordinal);

        await fixture.Database.ExecuteAsync(
            """
            update coordinator.application set floor = 77, population_kind = null;
            delete from coordinator.application_limit where permanent;
            insert into coordinator.application_version (application, version) values ('invented', 1);
            """);
        Assert.NotEqual(live, await RowsAsync());
        await fixture.Store.RebuildAsync(new ApplicationProjection(), CancellationToken.None);

        Assert.Equal(live, await RowsAsync());
    }

    [Fact]
    public async Task A_version_that_drained_appears_again_when_it_comes_back()
    {
        await AppendAsync("drained", 0, new ApplicationEvent.VersionAppeared(4), new ApplicationEvent.VersionDrained(4));

        await _admission.BeatAsync("drained", "a", 4);

        Assert.Equal(3, (await fixture.Store.Query.FetchStreamAsync("application-drained")).Count);
    }

    [Fact]
    public async Task The_interval_is_the_sum_of_what_all_migrations_ask_for()
    {
        await AppendAsync(
            "summed",
            0,
            new ApplicationEvent.VersionsRetired("one", 3),
            new ApplicationEvent.VersionsRetired("two", 5),
            new ApplicationEvent.CeilingSet("three", 9),
            new ApplicationEvent.CeilingSet("four", 7));
        Assert.Equal((5L, 7L), await IntervalAsync("summed"));

        await AppendAsync("summed", 4, new ApplicationEvent.RetirementEnded("two"), new ApplicationEvent.CeilingLifted("four"));

        Assert.Equal((3L, 9L), await IntervalAsync("summed"));
        Assert.Equal(2, await fixture.Database.ScalarAsync<long>(
            "select count(*) from coordinator.application_limit where application = 'summed'"));
    }

    // Every event there is, over two applications and in several transactions.
    private async Task HistoryAsync()
    {
        await _admission.AppearAsync("alpha", 1);
        await _admission.AppearAsync("beta", 1);
        await _admission.BeatAsync("beta", "b", 1);
        await _admission.Registry.SetPopulationAsync("alpha", ExpectedPopulation.Of(3), new RequestContext("ada"), CancellationToken.None);
        await _admission.Registry.SetPopulationAsync("gamma", ExpectedPopulation.None, new RequestContext("ada"), CancellationToken.None);
        await _admission.SetCeilingsAsync(requireNoNewer: true, "alpha", "beta");
        await _admission.Registry.AttestGoneAsync("beta", "b", "pod deleted", new RequestContext("ada"), CancellationToken.None);
        await _admission.LiftCeilingsAsync("alpha", "beta");
        await _admission.RetireAsync(null, "alpha", "beta");
        await _admission.MakePermanentAsync("alpha");
        await _admission.EndLimitsAsync("beta");
        await AppendAsync("delta", 0, new ApplicationEvent.VersionAppeared(4), new ApplicationEvent.VersionDrained(4));
        await AppendAsync("delta", 2, new ApplicationEvent.CeilingSet("other", 9), new ApplicationEvent.VersionsRetired("other", 2));
    }

    private async Task AppendAsync(string application, long version, params ApplicationEvent[] events)
    {
        await using var session = fixture.Store.OpenSession();
        session.AppendExpecting<ApplicationState>($"application-{application}", version, events);
        await session.SaveChangesAsync();
    }

    private async Task<(long Floor, long Ceiling)> IntervalAsync(string application)
    {
        var row = await _admission.Registry.FindApplicationAsync(application, CancellationToken.None);
        return (row!.Floor, row.Ceiling!.Value);
    }

    private Task<string> RowsAsync() => fixture.Database.ScalarAsync<string>(
        """
        select jsonb_pretty(jsonb_build_object(
            'applications', (select jsonb_agg(a order by name) from coordinator.application a),
            'limits', (select jsonb_agg(l order by application, migration) from coordinator.application_limit l),
            'versions', (select jsonb_agg(v order by application, version) from coordinator.application_version v)))
        """);
}
