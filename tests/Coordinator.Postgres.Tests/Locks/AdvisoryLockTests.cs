using Coordinator.Postgres.Locks;
using Coordinator.Testing;

namespace Coordinator.Postgres.Tests.Locks;

public sealed class AdvisoryLockTests : IAsyncLifetime
{
    private static readonly AdvisoryLockKey Key = AdvisoryLockKey.ForName("driver", "rename-review-comment");

    private TestDatabase? _database;

    private TestDatabase Database => _database ?? throw new InvalidOperationException("Not initialised.");

    public async Task InitializeAsync() => _database = await TestDatabase.CreateAsync();

    public async Task DisposeAsync() => await Database.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Only_one_holder_has_a_key(bool pooled)
    {
        await using var first = await AcquireAsync(pooled);

        Assert.NotNull(first);
        Assert.Null(await AcquireAsync(pooled));
        Assert.Null(await AcquireAsync(!pooled));
    }

    [Fact]
    public async Task Other_keys_are_free()
    {
        await using var first = await AcquireAsync(pooled: true);
        await using var other = await AdvisoryLock.TryAcquireAsync(
            Database.DataSource, AdvisoryLockKey.ForName("driver", "another"), CancellationToken.None);

        Assert.NotNull(other);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Disposing_releases_it_at_once(bool pooled)
    {
        for (var i = 0; i < 5; i++)
        {
            var held = await AcquireAsync(pooled);
            Assert.NotNull(held);
            await held.DisposeAsync();
            await held.DisposeAsync();
            Assert.False(held.Lost.IsCancellationRequested);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_holder_learns_that_its_backend_was_terminated(bool pooled)
    {
        await using var held = await AcquireAsync(pooled);
        Assert.NotNull(held);
        var lost = new TaskCompletionSource();
        await using var registration = held.Lost.Register(lost.SetResult);

        await Database.ScalarAsync<bool>(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())");

        await lost.Task.WaitAsync(Eventually.DefaultBound);
        // A dying backend says that it dies before it lets its locks go.
        AdvisoryLock? next = null;
        await Eventually.TrueAsync(async () => (next = await AcquireAsync(pooled)) is not null, "the lock is free");
        await next!.DisposeAsync();
    }

    [Fact]
    public async Task A_held_lock_keeps_no_transaction_and_no_snapshot()
    {
        await using var held = await AcquireAsync(pooled: true);

        Assert.Equal(
            "idle",
            await Database.ScalarAsync<string>(
                """
                select a.state || coalesce(a.backend_xmin::text, '') from pg_stat_activity a join pg_locks l using (pid)
                where l.locktype = 'advisory' and a.datname = current_database()
                """));
    }

    [Fact]
    public void Keys_are_stable_and_told_apart_by_space_and_name()
    {
        Assert.Equal(AdvisoryLockKey.ForName("driver", "a"), AdvisoryLockKey.ForName("driver", "a"));
        Assert.Equal(7348884059912801335, AdvisoryLockKey.ForName("driver", "rename-review-comment").Value);
        Assert.NotEqual(AdvisoryLockKey.ForName("driver", "a"), AdvisoryLockKey.ForName("driver", "b"));
        Assert.NotEqual(AdvisoryLockKey.ForName("driver", "a"), AdvisoryLockKey.ForName("index", "a"));
    }

    private Task<AdvisoryLock?> AcquireAsync(bool pooled) => pooled
        ? AdvisoryLock.TryAcquireAsync(Database.DataSource, Key, CancellationToken.None)
        : AdvisoryLock.TryAcquireAsync(Database.ConnectionString, Key, CancellationToken.None);
}
