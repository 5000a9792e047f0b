using Coordinator.Domain.Applications;
using Coordinator.Domain.Gates;
using Coordinator.Engine.Applications;

namespace Coordinator.Engine.Tests.Applications;

/// <summary>INV: a lapsed heartbeat alone never opens the gate, and silence is never absence.</summary>
public sealed class GateFactsTests(CoordinationFixture fixture) : IClassFixture<CoordinationFixture>
{
    private static readonly RequestContext Operator = new("ada");

    private readonly AdmissionFixture _admission = new(fixture);
    private readonly GateFactsReader _reader = new(fixture.Coordination);

    [Fact]
    public async Task A_lapsed_instance_is_suspected_and_still_blocks()
    {
        await PopulateAsync("lapsed", ExpectedPopulation.None);
        await _admission.BeatAsync("lapsed", "a", 1);
        Assert.Equal(InstanceCondition.Live, Assert.Single((await ReadAsync("lapsed")).Instances).Condition);
        await fixture.Database.ExecuteAsync(
            """
            update coordinator.instance set expires_at = clock_timestamp() - interval '1 day', last_seen_at = clock_timestamp() - interval '1 day'
            where application = 'lapsed'
            """);

        var fact = Assert.Single((await ReadAsync("lapsed")).Instances);

        Assert.Equal(("lapsed", "a", 1L, InstanceCondition.Suspected), (fact.Application, fact.Instance, fact.Version, fact.Condition));
        Assert.InRange(fact.SinceLastSeen, TimeSpan.FromDays(1), TimeSpan.FromDays(1.1));
        Assert.Contains("lapsed/a", Assert.Single(await BlockersAsync("lapsed")).Subject, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Leaving_clears_at_once()
    {
        await PopulateAsync("leaves", ExpectedPopulation.None);
        await _admission.BeatAsync("leaves", "a", 1);

        await _admission.LeaveAsync("leaves", "a");

        Assert.Empty((await ReadAsync("leaves")).Instances);
        Assert.Empty(await BlockersAsync("leaves"));
    }

    [Fact]
    public async Task Attesting_clears_and_records_who_and_why()
    {
        await PopulateAsync("attested", ExpectedPopulation.None);
        await _admission.BeatAsync("attested", "a", 1);
        var row = await AttestAsync("attested", "a", "pod deleted");
        var again = await AttestAsync("attested", "a", "pod deleted");

        Assert.Equal(InstancePresence.AttestedGone, row.Presence);
        Assert.Equal(row, again);
        Assert.Empty(await BlockersAsync("attested"));
        var last = (await fixture.Store.Query.FetchStreamAsync("application-attested"))[^1];
        Assert.Equal(new ApplicationEvent.InstanceAttested("a", 1, "ada", "pod deleted"), last.Data);
        Assert.Equal("ada", last.UserName);
        Assert.Equal("INSTANCE_ENDED", await _admission.TryBeatAsync("attested", "a", 1));
    }

    [Fact]
    public async Task Attesting_needs_an_instance_and_a_reason()
    {
        await _admission.BeatAsync("unattested", "a", 1);

        Assert.Equal("INSTANCE_NOT_FOUND", await CodeAsync(() => AttestAsync("unattested", "b", "pod deleted")));
        Assert.Equal("INVALID_REASON", await CodeAsync(() => AttestAsync("unattested", "a", "  ")));
        Assert.Equal("INVALID_REASON", await CodeAsync(() => AttestAsync("unattested", "a", "nul \0")));
        Assert.Single((await ReadAsync("unattested")).Instances);
    }

    [Fact]
    public async Task An_application_whose_population_nobody_gave_blocks()
    {
        await _admission.BeatAsync("unset", "a", 2);

        Assert.Equal("POPULATION_UNKNOWN", Assert.Single(await BlockersAsync("unset")).Code);
        Assert.Equal("POPULATION_UNKNOWN", Assert.Single(await BlockersAsync("never-heard-of")).Code);
    }

    [Fact]
    public async Task A_counted_population_blocks_until_enough_new_instances_live()
    {
        await PopulateAsync("counted", ExpectedPopulation.Of(2));
        await _admission.BeatAsync("counted", "a", 2);
        Assert.Equal("POPULATION_SHORT", Assert.Single(await BlockersAsync("counted")).Code);

        await _admission.BeatAsync("counted", "b", 3);
        Assert.Empty(await BlockersAsync("counted"));
    }

    [Theory]
    [InlineData(PopulationKind.None)]
    [InlineData(PopulationKind.Observed)]
    public async Task Other_populations_ask_for_no_instance_but_an_old_one_blocks(PopulationKind kind)
    {
        var application = kind == PopulationKind.None ? "none" : "observed";
        await PopulateAsync(application, new ExpectedPopulation(kind));
        Assert.Empty(await BlockersAsync(application));

        await _admission.BeatAsync(application, "a", 1);

        Assert.Single(await BlockersAsync(application));
    }

    [Fact]
    public async Task A_population_is_an_event_once_and_can_change()
    {
        await PopulateAsync("populated", ExpectedPopulation.Of(2));
        await PopulateAsync("populated", ExpectedPopulation.Of(2));
        var row = await PopulateAsync("populated", ExpectedPopulation.Observed);

        Assert.Equal(new ApplicationRow("populated", 0, null, ExpectedPopulation.Observed), row);
        Assert.Equal(2, (await fixture.Store.Query.FetchStreamAsync("application-populated")).Count);
        Assert.Equal("POPULATION_INVALID", await CodeAsync(() => PopulateAsync("populated", ExpectedPopulation.Of(0))));
    }

    [Fact]
    public async Task Without_applications_there_is_still_a_time()
    {
        var facts = await ReadAsync();

        Assert.Empty(facts.Instances);
        Assert.NotEqual(DateTimeOffset.MinValue, facts.Now);
    }

    private Task<GateFacts> ReadAsync(params string[] applications) => _reader.ReadAsync(applications, CancellationToken.None);

    private async Task<IReadOnlyList<Domain.Migrations.Blocker>> BlockersAsync(string application)
    {
        var facts = await ReadAsync(application);
        return Drain.Blockers(AdmissionFixture.Versions(application), facts.Instances, facts.Populations, rollback: false);
    }

    private Task<ApplicationRow> PopulateAsync(string application, ExpectedPopulation population) =>
        _admission.Registry.SetPopulationAsync(application, population, Operator, CancellationToken.None);

    private Task<InstanceRow> AttestAsync(string application, string instance, string reason) =>
        _admission.Registry.AttestGoneAsync(application, instance, reason, Operator, CancellationToken.None);

    private static async Task<string> CodeAsync(Func<Task> action) =>
        (await Assert.ThrowsAsync<EngineException>(action)).Rejection.Code;
}
