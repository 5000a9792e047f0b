using Coordinator.Engine.Applications;
using Coordinator.Engine.Requests;

namespace Coordinator.Engine.Tests.Applications;

/// <summary>Many instances that start at once: few transactions, one answer each, and no application waits for another's lock.</summary>
public sealed class RegistrationBatcherTests(CoordinationFixture fixture) : IClassFixture<CoordinationFixture>, IAsyncLifetime
{
    private readonly AdmissionFixture _admission = new(fixture);

    private readonly RegistrationBatcher _batcher = new(
        fixture.Coordination,
        fixture.Options,
        new Registration(fixture.Coordination, fixture.Options),
        new ApplicationCommands(fixture.Store, new RequestStore(fixture.Coordination)));

    public Task InitializeAsync() =>
        CommitBarrier.InstallAsync(fixture.Database, "coordinator.instance", "new.instance like 'held%'");

    public Task DisposeAsync() => fixture.Database.ExecuteAsync(
        "drop trigger wait_at_barrier on coordinator.instance; drop function wait_at_barrier; drop table barrier");

    [Fact]
    public async Task Those_who_come_while_a_registration_is_under_way_are_one_transaction()
    {
        await _admission.AppearAsync("storm", 1);
        Task<RegistrationOutcome> first;
        List<Task<RegistrationOutcome>> others;
        await using (var held = await HeldTransaction.BeginAsync(fixture.Database, CommitBarrier.Close))
        {
            first = RegisterAsync("storm", "held-first", 1);
            await held.WaitersAsync(1);
            others = [.. Enumerable.Range(1, 100).Select(n => RegisterAsync("storm", $"i{n}", 1))];
            Assert.DoesNotContain(others, other => other.IsCompleted);
            await held.CommitAsync();
        }

        Assert.All(await Task.WhenAll(others), outcome => Assert.Equal(RegistrationOutcome.Acknowledged, outcome));
        Assert.Equal(RegistrationOutcome.Acknowledged, await first);
        Assert.Equal("100 in 1", await fixture.Database.ScalarAsync<string>(
            """
            select count(*) || ' in ' || count(distinct xmin::text) from coordinator.instance
            where application = 'storm' and instance like 'i%' and state = 0
            """));
    }

    [Fact]
    public async Task Each_of_a_round_gets_its_own_answer()
    {
        await _admission.AppearAsync("mixed", 1);
        await _admission.AppearAsync("mixed", 2);
        await _admission.BeatAsync("mixed", "known", 2);
        await _admission.BeatAsync("mixed", "gone", 2);
        await _admission.LeaveAsync("mixed", "gone");
        await _admission.RetireAsync(null, "mixed");
        Task<RegistrationOutcome>[] round;
        await using (var held = await HeldTransaction.BeginAsync(fixture.Database, CommitBarrier.Close))
        {
            var first = RegisterAsync("mixed", "held-first", 2);
            await held.WaitersAsync(1);
            round =
            [
                RegisterAsync("mixed", "new", 2),
                RegisterAsync("mixed", "retired", 1),
                RegisterAsync("mixed", "known", 2),
                RegisterAsync("mixed", "known", 3),
                RegisterAsync("mixed", "gone", 2),
                RegisterAsync("mixed", "twice", 2),
                RegisterAsync("mixed", "twice", 2),
            ];
            await held.CommitAsync();
            await first;
        }

        Assert.Equal(
            [
                RegistrationOutcome.Acknowledged,
                RegistrationOutcome.NotAdmitted,
                RegistrationOutcome.TryAgain,
                RegistrationOutcome.VersionChanged,
                RegistrationOutcome.Ended,
                RegistrationOutcome.Acknowledged,
                RegistrationOutcome.Acknowledged,
            ],
            await Task.WhenAll(round));
    }

    [Fact]
    public async Task A_new_versions_instances_that_start_at_once_make_one_event()
    {
        await Task.WhenAll(Enumerable.Range(1, 60).Select(n => _admission.BeatAsync("rollout", $"i{n}", 1 + (n % 2))));

        Assert.Equal(2, (await fixture.Store.Query.FetchStreamAsync("application-rollout")).Count);
        Assert.Equal(60, await fixture.Database.ScalarAsync<long>(
            "select count(*) from coordinator.instance where application = 'rollout' and state = 0"));
    }

    [Fact]
    public async Task An_application_whose_row_is_locked_holds_up_no_other()
    {
        await _admission.AppearAsync("stuck", 1);
        await _admission.AppearAsync("free", 1);
        await using var held = await HeldTransaction.BeginAsync(
            fixture.Database, "select from coordinator.application where name = 'stuck' for update");
        var waiting = RegisterAsync("stuck", "a", 1);
        await held.WaitersAsync(1);

        Assert.Equal(RegistrationOutcome.Acknowledged, await RegisterAsync("free", "a", 1));

        Assert.False(waiting.IsCompleted);
        await held.CommitAsync();
        Assert.Equal(RegistrationOutcome.Acknowledged, await waiting);
    }

    private Task<RegistrationOutcome> RegisterAsync(string application, string instance, long version) =>
        _batcher.RegisterAsync(new InstanceReport(application, instance, version, ""), CancellationToken.None);
}
