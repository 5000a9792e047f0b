using Coordinator.Engine.Applications;
using Npgsql;

namespace Coordinator.Engine.Tests.Applications;

public sealed class AdmissionTests(CoordinationFixture fixture) : IClassFixture<CoordinationFixture>
{
    private readonly AdmissionFixture _admission = new(fixture);

    [Fact]
    public async Task A_ceiling_refuses_until_it_is_lifted()
    {
        await _admission.BeatAsync("ceiling", "a", 1);
        await _admission.SetCeilingsAsync(requireNoNewer: true, "ceiling");

        Assert.Equal("VERSION_NOT_READY", await _admission.TryBeatAsync("ceiling", "b", 2));
        Assert.Equal("VERSION_NOT_READY", (await CheckStartAsync("ceiling", 2))!.Code);
        Assert.Equal("admitted", await _admission.TryBeatAsync("ceiling", "c", 1));
        Assert.Null(await CheckStartAsync("ceiling", 1));

        await _admission.LiftCeilingsAsync("ceiling");

        Assert.Equal("admitted", await _admission.TryBeatAsync("ceiling", "b", 2));
        Assert.Null(await CheckStartAsync("ceiling", 2));
        Assert.Equal(new ApplicationRow("ceiling", 0, null, null), await FindAsync("ceiling"));
    }

    [Fact]
    public async Task A_refusal_names_the_interval_and_the_migration()
    {
        await _admission.SetCeilingsAsync(requireNoNewer: true, "named");

        var refused = await Assert.ThrowsAsync<EngineException>(() => _admission.BeatAsync("named", "a", 2));

        Assert.Equal("VERSION_NOT_READY", refused.Rejection.Code);
        Assert.Equal("m", refused.Rejection.Metadata!["migrations"]);
        Assert.Equal("2", refused.Rejection.Metadata["ceiling"]);
        Assert.NotEmpty(refused.Rejection.Remedy);
    }

    [Fact]
    public async Task A_ceiling_below_an_instance_that_runs_fails_and_names_it()
    {
        await _admission.BeatAsync("newer", "a", 1);
        await _admission.BeatAsync("newer", "b", 3);
        await ExpireAsync("newer");

        var refused = await Assert.ThrowsAsync<PostgresException>(() => _admission.SetCeilingsAsync(requireNoNewer: true, "newer"));

        Assert.Equal(AdmissionChanges.NewerVersionAlive, refused.SqlState);
        Assert.StartsWith("newer/b runs version 3; its lease lapsed", refused.MessageText, StringComparison.Ordinal);
        Assert.Equal(new ApplicationRow("newer", 0, null, null), await FindAsync("newer"));
    }

    [Fact]
    public async Task A_rollback_lowers_the_ceiling_below_instances_that_run_and_go_on()
    {
        await _admission.BeatAsync("rollback", "a", 2);
        await _admission.SetCeilingsAsync(requireNoNewer: false, "rollback");
        await ExpireAsync("rollback");

        Assert.Equal("admitted", await _admission.TryBeatAsync("rollback", "a", 2));
        Assert.Equal("VERSION_NOT_READY", await _admission.TryBeatAsync("rollback", "b", 2));
    }

    [Fact]
    public async Task Above_a_ceiling_a_locked_instance_is_renewed_too()
    {
        await _admission.BeatAsync("slow-path", "a", 2);
        await _admission.SetCeilingsAsync(requireNoNewer: false, "slow-path");
        await using var held = await HeldTransaction.BeginAsync(
            fixture.Database, "select from coordinator.instance where application = 'slow-path' for update");
        var beat = _admission.BeatAsync("slow-path", "a", 2);
        await held.WaitersAsync(1);

        await held.CommitAsync();

        await beat;
    }

    [Fact]
    public async Task While_a_retirement_is_in_force_older_versions_are_refused_and_others_go_on()
    {
        await _admission.AppearAsync("retired", 1);
        await _admission.BeatAsync("retired", "b", 2);
        await _admission.RetireAsync(null, "retired");

        Assert.Equal("VERSION_RETIRED", await _admission.TryBeatAsync("retired", "a", 1));
        Assert.Equal("VERSION_RETIRED", (await CheckStartAsync("retired", 1))!.Code);
        Assert.Equal("admitted", await _admission.TryBeatAsync("retired", "b", 2));
        Assert.Equal("admitted", await _admission.TryBeatAsync("retired", "c", 3));
        Assert.Equal(2, (await FindAsync("retired"))!.Floor);
    }

    [Fact]
    public async Task While_a_retirement_is_in_force_an_older_instance_that_is_there_is_not_renewed()
    {
        await _admission.BeatAsync("straggler", "b", 2);
        await _admission.RetireAsync(null, "straggler");
        await fixture.Database.ExecuteAsync(
            """
            insert into coordinator.instance (application, instance, version, expires_at)
            values ('straggler', 'a', 1, clock_timestamp() + interval '15 s')
            """);

        Assert.Equal("VERSION_RETIRED", await _admission.TryBeatAsync("straggler", "a", 1));
        Assert.Equal("admitted", await _admission.TryBeatAsync("straggler", "b", 2));
    }

    [Fact]
    public async Task A_suspected_instance_keeps_the_retirement_from_passing_until_it_leaves()
    {
        await _admission.BeatAsync("suspected", "a", 1);
        await ExpireAsync("suspected");

        var refused = await Assert.ThrowsAsync<PostgresException>(() => _admission.RetireAsync(null, "suspected"));
        await _admission.LeaveAsync("suspected", "a");
        await _admission.RetireAsync(null, "suspected");

        Assert.Equal(AdmissionChanges.InstancesRemain, refused.SqlState);
        Assert.Contains("may be paused", refused.MessageText, StringComparison.Ordinal);
        Assert.Equal(2, (await FindAsync("suspected"))!.Floor);
    }

    [Fact]
    public async Task Limits_that_end_admit_again_but_a_permanent_retirement_stays()
    {
        await _admission.AppearAsync("ending", 1);
        await _admission.AppearAsync("staying", 1);
        await _admission.RetireAsync(null, "ending", "staying");
        await _admission.MakePermanentAsync("staying");

        await _admission.EndLimitsAsync("ending", "staying");
        await _admission.EndLimitsAsync("ending", "staying");

        Assert.Equal("admitted", await _admission.TryBeatAsync("ending", "a", 1));
        Assert.Equal("VERSION_RETIRED", await _admission.TryBeatAsync("staying", "a", 1));
    }

    [Fact]
    public async Task A_retirement_of_several_applications_is_all_or_nothing()
    {
        await _admission.BeatAsync("all-a", "x", 2);
        await _admission.BeatAsync("all-b", "x", 1);

        await Assert.ThrowsAsync<PostgresException>(() => _admission.RetireAsync(null, "all-a", "all-b"));

        Assert.Equal(0, (await FindAsync("all-a"))!.Floor);
        Assert.Equal("admitted", await _admission.TryBeatAsync("all-a", "y", 1));
    }

    [Fact]
    public async Task A_decision_that_changes_nothing_leaves_no_row_of_an_application_that_nobody_knows()
    {
        await _admission.EndLimitsAsync("unheard-of");

        Assert.Null(await FindAsync("unheard-of"));
        Assert.Null(await CheckStartAsync("unheard-of", 5));
    }

    [Fact]
    public async Task A_version_that_registers_for_the_first_time_twenty_times_at_once_appears_once()
    {
        var beats = Enumerable.Range(1, 20).Select(n => _admission.BeatAsync("race", $"i{n}", 5)).ToList();

        await Task.WhenAll(beats);

        Assert.Single(await fixture.Store.Query.FetchStreamAsync("application-race"));
        Assert.Equal(20, await fixture.Database.ScalarAsync<long>(
            "select count(*) from coordinator.instance where application = 'race' and state = 0"));
    }

    [Fact]
    public async Task One_instance_that_registers_twenty_times_at_once_is_one_instance()
    {
        await Task.WhenAll(Enumerable.Range(1, 20).Select(_ => _admission.BeatAsync("same", "i", 5)));

        Assert.Equal(1, await fixture.Database.ScalarAsync<long>(
            "select count(*) from coordinator.instance where application = 'same'"));
    }

    private Task<Domain.Rejection?> CheckStartAsync(string application, long version) =>
        _admission.Registry.CheckStartAsync(application, version, CancellationToken.None);

    private Task<ApplicationRow?> FindAsync(string application) =>
        _admission.Registry.FindApplicationAsync(application, CancellationToken.None);

    private Task ExpireAsync(string application) => fixture.Database.ExecuteAsync(
        $"update coordinator.instance set expires_at = clock_timestamp() where application = '{application}'");
}
