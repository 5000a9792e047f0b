using Coordinator.EventStore.Listening;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.EventStore.Tests.Listening;

public sealed class AppendListenerTests(SharedStore shared) : IClassFixture<SharedStore>, IAsyncLifetime
{
    private static readonly TimeSpan Long = Eventually.DefaultBound;
    private static readonly OrderEvent.ItemAdded Item = new("book", 1);

    private readonly EventStoreFixture _fixture = shared.Fixture;
    private readonly string _key = SharedStore.NewKey();
    private readonly NpgsqlDataSource _direct = NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(shared.Fixture.Database.ConnectionString) { ApplicationName = "listener" }.ConnectionString);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _direct.DisposeAsync();

    [Fact]
    public async Task An_append_wakes_every_waiter()
    {
        await using var listener = await ListeningAsync();
        var seen = listener.Current;
        var waiters = Enumerable.Range(0, 10).Select(_ => listener.WaitAsync(seen, Long, CancellationToken.None)).ToList();
        Assert.DoesNotContain(waiters, w => w.IsCompleted);

        await _fixture.AppendAsync(_key, 0, Item);

        var woken = await Task.WhenAll(waiters);
        Assert.All(woken, current => Assert.True(current > seen));
    }

    [Fact]
    public async Task A_wake_up_that_came_before_the_wait_is_not_missed()
    {
        await using var listener = await ListeningAsync();
        var seen = listener.Current;
        await _fixture.AppendAsync(_key, 0, Item);
        await Eventually.TrueAsync(() => Task.FromResult(listener.Current > seen), "the wake-up came");

        var waiting = listener.WaitAsync(seen, Long, CancellationToken.None);

        Assert.True(waiting.IsCompletedSuccessfully);
        Assert.Equal(listener.Current, await waiting);
    }

    [Fact]
    public async Task A_wait_ends_with_its_timeout_by_the_given_clock()
    {
        var time = new ManualTime();
        await using var listener = await ListeningAsync(time);
        var seen = listener.Current;
        var waiting = listener.WaitAsync(seen, TimeSpan.FromSeconds(2), CancellationToken.None);

        time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(waiting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(seen, await waiting.WaitAsync(Long));
    }

    [Fact]
    public async Task A_wait_can_be_cancelled()
    {
        await using var listener = await ListeningAsync();
        using var cancel = new CancellationTokenSource();
        var waiting = listener.WaitAsync(listener.Current, Long, cancel.Token);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task There_is_a_wake_up_in_a_slow_rhythm_without_any_notification()
    {
        var time = new ManualTime();
        await using var listener = await ListeningAsync(time);
        var waiting = listener.WaitAsync(listener.Current, TimeSpan.FromHours(1), CancellationToken.None);

        time.Advance(new AppendListenerOptions().PollInterval);

        await waiting.WaitAsync(Long);
    }

    [Fact]
    public async Task A_lost_connection_is_replaced_and_its_readers_are_woken()
    {
        await using var listener = await ListeningAsync();
        for (var loss = 0; loss < 3; loss++)
        {
            var seen = listener.Current;
            Assert.Equal(1, await _fixture.Database.ScalarAsync<long>("""
                select count(pg_terminate_backend(pid)) from pg_stat_activity
                 where datname = current_database() and application_name = 'listener'
                """));

            // What was appended in between may not have been notified, so listening again is a wake-up.
            seen = await listener.WaitAsync(seen, Long, CancellationToken.None);
            await _fixture.AppendAsync(_key, loss, Item);
            Assert.True(await listener.WaitAsync(seen, Long, CancellationToken.None) > seen);
        }
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_polled_for_and_stopping_does_not_wait_for_it()
    {
        var time = new ManualTime();
        await using var nowhere = NpgsqlDataSource.Create("Host=/nowhere;Database=none;Username=nobody");
        var listener = AppendListener.Start(nowhere, timeProvider: time);
        var waiting = listener.WaitAsync(0, TimeSpan.FromHours(1), CancellationToken.None);

        time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(1, await waiting.WaitAsync(Long));
        await listener.DisposeAsync().AsTask().WaitAsync(Long);
    }

    [Fact]
    public async Task Stopping_wakes_those_who_wait_and_closes_the_connection()
    {
        var listener = await ListeningAsync();
        var waiting = listener.WaitAsync(listener.Current, Long, CancellationToken.None);

        await listener.DisposeAsync();

        await waiting.WaitAsync(Long);
        Assert.Equal(0, await _fixture.Database.ScalarAsync<long>("""
            select count(*) from pg_stat_activity
             where datname = current_database() and application_name = 'listener' and query ilike 'listen%' and state <> 'idle'
            """));
    }

    /// <summary>A listener whose LISTEN is in force; polls do not come by themselves while a test looks.</summary>
    private async Task<AppendListener> ListeningAsync(TimeProvider? time = null)
    {
        var options = new AppendListenerOptions { MaxBackoff = TimeSpan.FromMilliseconds(50) };
        options.PollInterval = time is null ? TimeSpan.FromHours(1) : options.PollInterval;
        var listener = AppendListener.Start(_direct, options, time);
        await listener.WaitAsync(0, Long, CancellationToken.None).WaitAsync(Long);
        return listener;
    }
}
