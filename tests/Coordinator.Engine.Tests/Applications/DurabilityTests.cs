using Coordinator.Engine.Applications;
using Npgsql;

namespace Coordinator.Engine.Tests.Applications;

/// <summary>INV: when an instance has its acknowledgement, its version is on disk.</summary>
public sealed class DurabilityTests(CoordinationFixture fixture) : IClassFixture<CoordinationFixture>, IAsyncLifetime
{
    private readonly InstanceRegistry _registry = new(fixture.Coordination, fixture.Store, fixture.Options);

    public Task InitializeAsync() =>
        CommitBarrier.InstallAsync(fixture.Database, "coordinator.instance", "new.instance like 'held%'");

    public Task DisposeAsync() => fixture.Database.ExecuteAsync(
        "drop trigger wait_at_barrier on coordinator.instance; drop function wait_at_barrier; drop table barrier");

    [Fact]
    public async Task A_registration_is_not_acknowledged_before_its_commit()
    {
        await BeatAsync("shop", "other");
        await using var held = await HeldTransaction.BeginAsync(fixture.Database, CommitBarrier.Close);
        var beat = BeatAsync("shop", "held-1");
        await held.WaitersAsync(1);

        Assert.False(beat.IsCompleted);
        Assert.False(await IsThereAsync("shop", "held-1"));

        await held.CommitAsync();
        await beat;
        Assert.True(await IsThereAsync("shop", "held-1"));
    }

    [Fact]
    public async Task The_first_registration_of_a_version_is_not_acknowledged_before_its_commit()
    {
        await using var held = await HeldTransaction.BeginAsync(fixture.Database, CommitBarrier.Close);
        var beat = BeatAsync("new-shop", "held-1");
        await held.WaitersAsync(1);

        Assert.False(beat.IsCompleted);

        await held.CommitAsync();
        await beat;
        Assert.True(await IsThereAsync("new-shop", "held-1"));
    }

    [Fact]
    public async Task A_registration_whose_server_process_dies_at_the_commit_is_not_acknowledged()
    {
        await BeatAsync("dying", "other");
        await using var held = await HeldTransaction.BeginAsync(fixture.Database, CommitBarrier.Close);
        var beat = BeatAsync("dying", "held-1");
        await held.WaitersAsync(1);

        await held.TerminateWaitersAsync();

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => beat);
        Assert.False(await IsThereAsync("dying", "held-1"));
    }

    [Fact]
    public async Task Mutant_an_acknowledgement_by_the_inserts_own_answer_is_given_before_the_row_exists()
    {
        await BeatAsync("mutant", "other");
        await using var connection = await fixture.Database.DataSource.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(
            """
            begin;
            insert into coordinator.instance (application, instance, version, expires_at)
                values ('mutant', 'held-1', 7, clock_timestamp()) returning true;
            """,
            connection);

        var acknowledged = (bool)(await command.ExecuteScalarAsync())!;

        Assert.True(acknowledged);
        Assert.False(await IsThereAsync("mutant", "held-1"));
    }

    [Fact]
    public async Task Our_sessions_have_our_settings_whatever_the_databases_default_is()
    {
        await fixture.Database.ExecuteAsync($"alter database {fixture.Database.Name} set synchronous_commit = off");
        await using var fresh = new CoordinationDatabase(fixture.Database.ConnectionString + ";Pooling=false");
        await using var command = fresh.DataSource.CreateCommand(
            "select concat_ws(' ', current_setting('synchronous_commit'), current_setting('idle_in_transaction_session_timeout'), current_setting('jit'))");

        Assert.Equal("on 10s off", await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task Statements_over_many_rows_go_by_the_key_and_wait_for_their_commits_too()
    {
        await using var command = fixture.Coordination.BulkSource.CreateCommand(
            "select concat_ws(' ', current_setting('enable_seqscan'), current_setting('enable_hashjoin'), current_setting('synchronous_commit'), current_setting('idle_in_transaction_session_timeout'))");

        Assert.Equal("off off on 10s", await command.ExecuteScalarAsync());
    }

    private Task<InstanceLease> BeatAsync(string application, string instance) =>
        _registry.HeartbeatAsync(new InstanceReport(application, instance, 7, ""), CancellationToken.None);

    private Task<bool> IsThereAsync(string application, string instance) => fixture.Database.ScalarAsync<bool>(
        $"select exists (select from coordinator.instance where application = '{application}' and instance = '{instance}')");
}
