using Coordinator.Postgres.Embedded;
using Coordinator.Postgres.Identity;
using Coordinator.Postgres.Ledger;
using Coordinator.Postgres.Schema;
using Coordinator.Testing;
using Coordinator.Worker.Batches;
using Npgsql;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>A server of its own: what it is, and that it may not be what it was.</summary>
public sealed class FailoverTests : IAsyncLifetime
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "coordinator-failover-" + Guid.NewGuid().ToString("N")[..8]);
    private EmbeddedPostgres _server = null!;
    private NpgsqlDataSource _source = null!;
    private BatchGrant _grant = null!;

    public async Task InitializeAsync()
    {
        _server = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions { Directory = _directory, Settings = TestServer.Options().Settings }, default);
        _source = NpgsqlDataSource.Create(_server.ConnectionString());
        await TargetSchema.InstallAsync(_source, [], default);
        await using (var command = _source.CreateCommand("create table item (n int); insert into item values (0)"))
        {
            await command.ExecuteNonQueryAsync();
        }

        var identity = await TargetIdentity.ReadAsync(_source, default);
        _grant = new BatchGrant
        {
            Migration = "m",
            Step = "s",
            Batch = 1,
            Lo = 0,
            Hi = 1,
            Statement = "update item set n = n + 1",
            Epoch = 1,
            LeaseId = Guid.CreateVersion7(),
            Generation = await FenceControl.EnsureAsync(_source, "m", Guid.CreateVersion7(), default),
            SystemIdentifier = identity.SystemIdentifier,
            Timeline = identity.Timeline,
        };
    }

    public async Task DisposeAsync()
    {
        await _source.DisposeAsync();
        await _server.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>A standby grants advisory locks as readily as a primary; the batch must not get as far as that.</summary>
    [Fact]
    public async Task On_a_standby_no_batch_runs_and_after_its_promotion_only_a_new_grant()
    {
        await RestartAsStandbyAsync();
        Assert.IsType<BatchOutcome.WrongTarget>(await RunAsync(_grant));
        Assert.IsType<BatchOutcome.WrongTarget>(await RunAsync(_grant with { Epoch = 2 }));

        await ScalarAsync("select pg_promote()");
        var promoted = await TargetIdentity.ReadAsync(_source, default);
        Assert.NotEqual(_grant.Timeline, promoted.Timeline);

        Assert.IsType<BatchOutcome.WrongTarget>(await RunAsync(_grant));
        var committed = Assert.IsType<BatchOutcome.Committed>(await RunAsync(_grant with { Timeline = promoted.Timeline }));
        Assert.Equal(promoted.Timeline, committed.Timeline);
        Assert.Equal(1, await ScalarAsync("select n from item"));
    }

    /// <summary>
    /// A commit waits for a standby that is not there: its writes are invisible, its ledger row looks absent. The
    /// backend is terminated, which does not undo the commit.
    /// </summary>
    [Fact]
    public async Task A_commit_that_is_terminated_while_it_waits_for_a_standby_is_found_committed()
    {
        await LetCommitsWaitAsync();

        var run = RunAsync(_grant);
        await Eventually.TrueAsync(async () => await WaitingCommitsAsync() == 1, "the commit waits for the standby");
        Assert.Equal(0, await ScalarAsync("select n from item"));
        await ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'");

        Assert.IsType<BatchOutcome.Committed>(await run);
        Assert.Equal(1, await ScalarAsync("select n from item"));
    }

    /// <summary>The same, and the server dies before the standby answers: the commit is in its log, and stands after recovery.</summary>
    [Fact]
    public async Task A_crash_while_the_commit_waits_for_a_standby_leaves_it_committed()
    {
        await LetCommitsWaitAsync();
        var run = RunAsync(_grant);
        await Eventually.TrueAsync(async () => await WaitingCommitsAsync() == 1, "the commit waits for the standby");

        await _server.StopAsync(PostgresShutdown.Immediate, default);
        await _server.StartServerAsync(default);

        // Which of the two depends on whether the server was back while its client still asked.
        var outcome = await run;
        Assert.True(outcome is BatchOutcome.Committed or BatchOutcome.Unsettled, outcome.ToString());
        Assert.IsType<BatchOutcome.AlreadyDone>(
            await RunAsync(_grant with { Epoch = 2, LeaseId = Guid.CreateVersion7(), LockTimeout = TimeSpan.FromSeconds(30) }));
        Assert.Equal(1, await ScalarAsync("select n from item"));
    }

    /// <summary>
    /// From now on commits wait for a standby that is not there. A session that shows the setting is not enough: the
    /// checkpointer tells the others, some time after it was told itself. So commits are tried until one waits.
    /// </summary>
    private async Task LetCommitsWaitAsync()
    {
        await ExecuteAsync("alter system set synchronous_standby_names = 'missing'");
        await ExecuteAsync("select pg_reload_conf()");
        await Eventually.TrueAsync(
            async () =>
            {
                var commit = ExecuteAsync("select pg_logical_emit_message(true, 'probe', '')");
                while (!commit.IsCompleted)
                {
                    if (await WaitingCommitsAsync() == 1)
                    {
                        await ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'");
                        await Assert.ThrowsAnyAsync<NpgsqlException>(() => commit);
                        return true;
                    }
                }

                await commit;
                return false;
            },
            "commits wait for the standby");
        await Eventually.TrueAsync(async () => await WaitingCommitsAsync() == 0, "the one that was tried has ended");
    }

    private async Task<long?> WaitingCommitsAsync() =>
        (long?)await ScalarAsync("select count(*) from pg_stat_activity where wait_event = 'SyncRep'");

    /// <summary>Effect and ledger row share one commit record: both or neither survive a crash.</summary>
    [Fact]
    public async Task A_crash_in_the_middle_of_a_batch_leaves_nothing_and_the_batch_runs_again()
    {
        var run = RunAsync(_grant with { Statement = "with done as (update item set n = n + 1) select pg_sleep(60)" });
        await Eventually.TrueAsync(
            async () => (long?)await ScalarAsync("select count(*) from pg_stat_activity where wait_event = 'PgSleep'") == 1, "it runs");

        await _server.StopAsync(PostgresShutdown.Immediate, default);
        await _server.StartServerAsync(default);

        Assert.IsType<BatchOutcome.Unsettled>(await run);
        Assert.IsType<BatchOutcome.Committed>(await RunAsync(_grant with { Epoch = 2, LeaseId = Guid.CreateVersion7() }));
        Assert.Equal(1, await ScalarAsync("select n from item"));
    }

    private Task<BatchOutcome> RunAsync(BatchGrant grant) => BatchTransaction.RunAsync(_source, grant, CancellationToken.None);

    private async Task RestartAsStandbyAsync()
    {
        await _server.StopAsync(PostgresShutdown.Fast, default);
        await File.WriteAllTextAsync(Path.Combine(_directory, "data", "standby.signal"), "");
        await _server.StartServerAsync(default);
        _source.Clear();
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<object?> ScalarAsync(string sql)
    {
        await using var command = _source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
