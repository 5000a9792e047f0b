using Coordinator.Engine.Applications;

namespace Coordinator.Engine.Tests.Applications;

public sealed class HeartbeatTests(CoordinationFixture fixture) : IClassFixture<CoordinationFixture>
{
    private readonly InstanceRegistry _registry = new(fixture.Coordination, fixture.Store, fixture.Options);

    [Fact]
    public async Task The_first_heartbeat_registers()
    {
        var lease = await BeatAsync("first", "a", 7);

        Assert.Equal(new InstanceLease(fixture.Options.InstanceLease, fixture.Options.HeartbeatInterval), lease);
        var row = await FindAsync("first", "a");
        Assert.Equal((7L, "1.0", InstancePresence.Live), (row.Version, row.AppVersion, row.Presence));
        Assert.Null(row.EndedAt);
    }

    [Fact]
    public async Task Later_heartbeats_renew_and_append_no_event()
    {
        await BeatAsync("renewing", "a", 7);
        await ExpireAsync("renewing", "a");
        Assert.Equal(InstancePresence.Suspected, (await FindAsync("renewing", "a")).Presence);

        await BeatAsync("renewing", "a", 7);

        var row = await FindAsync("renewing", "a");
        Assert.Equal(InstancePresence.Live, row.Presence);
        Assert.True(row.LastSeenAt > row.RegisteredAt);
        Assert.Single(await fixture.Store.Query.FetchStreamAsync("application-renewing"));
    }

    [Fact]
    public async Task A_renewal_never_shortens_a_lease()
    {
        await BeatAsync("long", "a", 7);
        await fixture.Database.ExecuteAsync(
            "update coordinator.instance set expires_at = clock_timestamp() + interval '1 hour' where application = 'long'");
        var before = (await FindAsync("long", "a")).ExpiresAt;

        await BeatAsync("long", "a", 7);

        Assert.Equal(before, (await FindAsync("long", "a")).ExpiresAt);
    }

    [Fact]
    public async Task Another_version_under_the_same_id_is_refused()
    {
        await BeatAsync("changing", "a", 7);
        await BeatAsync("changing", "b", 8);

        var refusal = await Assert.ThrowsAsync<EngineException>(() => BeatAsync("changing", "a", 8));

        Assert.Equal("INSTANCE_VERSION_CHANGED", refusal.Rejection.Code);
        Assert.Equal(7, (await FindAsync("changing", "a")).Version);
    }

    [Fact]
    public async Task An_id_that_has_left_does_not_come_back()
    {
        await BeatAsync("leaving", "a", 7);
        await _registry.LeaveAsync("leaving", "a", CancellationToken.None);
        var left = await FindAsync("leaving", "a");

        var refusal = await Assert.ThrowsAsync<EngineException>(() => BeatAsync("leaving", "a", 7));
        await _registry.LeaveAsync("leaving", "a", CancellationToken.None);

        Assert.Equal("INSTANCE_ENDED", refusal.Rejection.Code);
        Assert.Equal(InstancePresence.Left, left.Presence);
        Assert.Equal(left, await FindAsync("leaving", "a"));
    }

    [Fact]
    public Task Leaving_without_having_been_there_is_fine() =>
        _registry.LeaveAsync("nobody", "nothing", CancellationToken.None);

    [Fact]
    public async Task Two_hundred_heartbeats_at_once_are_two_statements_at_most()
    {
        await BeatAsync("fleet", "first", 7);
        await fixture.Database.ExecuteAsync(
            """
            insert into coordinator.instance (application, instance, version, expires_at)
                select 'fleet', 'i' || n, 7, clock_timestamp() from generate_series(1, 200) n;
            create sequence renewal_statements;
            create function count_renewals() returns trigger language plpgsql as
                $$ begin perform nextval('renewal_statements'); return null; end $$;
            create trigger count_renewals after update on coordinator.instance execute function count_renewals();
            """);
        Task[] beats;
        await using (var held = await HeldTransaction.BeginAsync(
            fixture.Database, "lock table coordinator.instance in share row exclusive mode"))
        {
            beats = [.. Enumerable.Range(1, 200).Select(n => BeatAsync("fleet", $"i{n}", 7))];
            await held.WaitersAsync(1);
            Assert.DoesNotContain(beats, beat => beat.IsCompleted);
            await held.CommitAsync();
        }

        await Task.WhenAll(beats);

        // The first one goes at once and alone, unless the pause behind an earlier one is not over.
        Assert.InRange(await fixture.Database.ScalarAsync<long>("select last_value from renewal_statements"), 1, 2);
        Assert.Equal(200, await fixture.Database.ScalarAsync<long>(
            "select count(*) from coordinator.instance where application = 'fleet' and expires_at > clock_timestamp() and instance <> 'first'"));
    }

    [Fact]
    public async Task One_locked_row_holds_up_nobody_else()
    {
        await BeatAsync("locked", "a", 7);
        await BeatAsync("locked", "b", 7);
        await using var held = await HeldTransaction.BeginAsync(
            fixture.Database, "select from coordinator.instance where application = 'locked' and instance = 'a' for update");

        var stuck = BeatAsync("locked", "a", 7);
        await held.WaitersAsync(1);
        await BeatAsync("locked", "b", 7);

        Assert.False(stuck.IsCompleted);
        await held.CommitAsync();
        await stuck;
    }

    [Fact]
    public async Task A_failed_statement_fails_only_the_heartbeats_that_it_carried()
    {
        await BeatAsync("failing", "a", 7);
        Task stuck;
        await using (var held = await HeldTransaction.BeginAsync(
            fixture.Database, "lock table coordinator.instance in share row exclusive mode"))
        {
            stuck = BeatAsync("failing", "a", 7);
            await held.WaitersAsync(1);
            await held.TerminateWaitersAsync();
            await Assert.ThrowsAnyAsync<Npgsql.NpgsqlException>(() => stuck);
        }

        await BeatAsync("failing", "a", 7);
    }

    [Fact]
    public async Task Lists_go_page_by_page()
    {
        foreach (var instance in (string[])["a", "b", "c", "d", "e"])
        {
            await BeatAsync("paged", instance, 7);
        }

        await _registry.LeaveAsync("paged", "b", CancellationToken.None);

        var first = await ListAsync(false, 2, null);
        var second = await ListAsync(false, 2, first.NextPageToken);
        Assert.Equal(["a", "c"], first.Items.Select(row => row.Instance));
        Assert.Equal(["d", "e"], second.Items.Select(row => row.Instance));
        Assert.Equal("", second.NextPageToken);
        Assert.Equal(["a", "b", "c", "d", "e"], (await ListAsync(true, 0, null)).Items.Select(row => row.Instance));
    }

    private Task<Page<InstanceRow>> ListAsync(bool includeGone, int size, string? token) =>
        _registry.ListInstancesAsync("paged", includeGone, size, token, CancellationToken.None);

    private Task<InstanceLease> BeatAsync(string application, string instance, long version) =>
        _registry.HeartbeatAsync(new InstanceReport(application, instance, version, "1.0"), CancellationToken.None);

    private async Task<InstanceRow> FindAsync(string application, string instance) =>
        (await _registry.ListInstancesAsync(application, true, 0, null, CancellationToken.None)).Items
            .Single(row => row.Instance == instance);

    private Task ExpireAsync(string application, string instance) => fixture.Database.ExecuteAsync(
        $"update coordinator.instance set expires_at = clock_timestamp() where application = '{application}' and instance = '{instance}'");
}
