using Coordinator.Postgres.Load;
using Coordinator.Postgres.Tests.Ddl;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Postgres.Tests.Load;

/// <summary>How long a commit takes in a real target, and what is said where none can be timed.</summary>
public sealed class CommitProbeTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    private InstalledTarget Target => fixture.Target;

    [Fact]
    public async Task The_commit_is_a_real_one_and_waits_as_long_as_the_target_makes_it_wait()
    {
        // Nobody else writes here, so that what is flushed is ours.
        await using var server = await PrivateServer.StartAsync(("autovacuum", "off"));
        await server.ExecuteAsync("checkpoint");
        var before = await server.ScalarAsync<string>("select pg_current_wal_insert_lsn()::text");
        var time = await CommitProbe.MeasureAsync(server.Source, Limit, CancellationToken.None);
        Assert.Null(time.Problem);
        Assert.InRange(time.Milliseconds!.Value, double.Epsilon, Limit.TotalMilliseconds);
        Assert.True(await server.ScalarAsync<bool>($"select pg_current_wal_flush_lsn() > '{before}'"));

        await server.ExecuteAsync("alter system set synchronous_standby_names = 'missing'");
        await server.ExecuteAsync("select pg_reload_conf()");
        // The checkpointer tells the others some time after it was told itself.
        await Eventually.TrueAsync(
            async () => (await LateAsync(server.Source))?.Message.Contains("did not commit within 1 s", StringComparison.Ordinal) == true,
            "commits wait for the standby");
        Assert.Equal(0L, await server.ScalarAsync<long>("select count(*) from pg_stat_activity where wait_event = 'SyncRep'"));

        await server.ExecuteAsync("alter system reset synchronous_standby_names");
        await server.ExecuteAsync("select pg_reload_conf()");
        await Eventually.TrueAsync(async () => await LateAsync(server.Source) is null, "commits go through again");
    }

    [Fact]
    public async Task Time_and_again_it_leaves_no_row_behind_and_its_limit_stays_with_it()
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Target.Roles.CoordinatorConnectionString) { MaxPoolSize = 1 });
        await using (var connection = await source.OpenConnectionAsync())
        {
            await using var unlimited = new NpgsqlCommand("select 1", connection);
            await unlimited.ExecuteScalarAsync();
        }

        for (var probe = 0; probe < 3; probe++)
        {
            Assert.NotNull((await CommitProbe.MeasureAsync(source, Limit, CancellationToken.None)).Milliseconds);
        }

        await using var show = source.CreateCommand("show statement_timeout");
        Assert.Equal("0", await show.ExecuteScalarAsync());
        Assert.Equal(1L, await Target.Database.ScalarAsync<long>("select last_value from coordinator.commit_probe"));
    }

    [Fact]
    public async Task A_role_without_the_right_is_told_what_to_grant()
    {
        foreach (var source in (NpgsqlDataSource[])[Target.Worker, Target.Application])
        {
            var time = await CommitProbe.MeasureAsync(source, Limit, CancellationToken.None);

            Assert.Null(time.Milliseconds);
            Assert.Contains("grant execute on procedure coordinator.time_commit", time.Problem, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_read_only_target_is_said_to_be_one()
    {
        await using var source = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(Target.Roles.CoordinatorConnectionString) { Options = "-c default_transaction_read_only=on" });

        var time = await CommitProbe.MeasureAsync(source, Limit, CancellationToken.None);

        Assert.Null(time.Milliseconds);
        Assert.Contains("connect to the primary", time.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_target_without_the_schema_is_said_to_miss_it()
    {
        await using var bare = await TestDatabase.CreateAsync();

        Assert.Contains("not complete", (await CommitProbe.MeasureAsync(bare.DataSource, Limit, CancellationToken.None)).Problem, StringComparison.Ordinal);

        // As an older Coordinator left it.
        await bare.ExecuteAsync("create schema coordinator");
        Assert.Contains("not complete", (await CommitProbe.MeasureAsync(bare.DataSource, Limit, CancellationToken.None)).Problem, StringComparison.Ordinal);
    }

    private static async Task<TimeoutException?> LateAsync(NpgsqlDataSource source)
    {
        try
        {
            await CommitProbe.MeasureAsync(source, Limit, CancellationToken.None);
            return null;
        }
        catch (TimeoutException late)
        {
            return late;
        }
    }
}
