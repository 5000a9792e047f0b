using Coordinator.Postgres.Ledger;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Postgres.Tests.Ledger;

/// <summary>The fence of a migration, and what a raise promises.</summary>
public sealed class FenceControlTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    private readonly string _migration = "m-" + Guid.CreateVersion7();
    private readonly Guid _coordinator = Guid.CreateVersion7();

    [Fact]
    public async Task A_fence_is_created_once_and_found_again()
    {
        Assert.Null(await FenceControl.ReadAsync(fixture.Target.Coordinator, _migration, default));

        Assert.Equal(1, await EnsureAsync(_coordinator));
        Assert.Equal(2, await RaiseAsync(FenceMode.Paused));

        Assert.Equal(2, await EnsureAsync(_coordinator));
        Assert.Equal(
            new Fence(_coordinator, 2, FenceMode.Paused),
            await FenceControl.ReadAsync(fixture.Target.Coordinator, _migration, default));
    }

    [Fact]
    public async Task A_second_coordinator_is_refused()
    {
        await EnsureAsync(_coordinator);

        await Assert.ThrowsAsync<FenceException>(() => EnsureAsync(Guid.CreateVersion7()));
    }

    [Fact]
    public async Task Eight_coordinators_at_once_create_one_fence()
    {
        var generations = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => EnsureAsync(_coordinator)));

        Assert.All(generations, generation => Assert.Equal(1, generation));
    }

    [Fact]
    public async Task A_raise_without_a_fence_says_so() =>
        await Assert.ThrowsAsync<FenceException>(() => RaiseAsync(FenceMode.Paused));

    [Theory]
    [InlineData(FenceMode.Open)]
    [InlineData(FenceMode.Paused)]
    [InlineData(FenceMode.Closed)]
    public async Task A_raise_moves_mode_and_generation(FenceMode mode)
    {
        await EnsureAsync(_coordinator);

        Assert.Equal(2, await RaiseAsync(mode));

        Assert.Equal(mode, (await FenceControl.ReadAsync(fixture.Target.Coordinator, _migration, default))?.Mode);
    }

    /// <summary>
    /// Holders overlap for as long as the test likes, so there is never a moment without one of them. Those of the old
    /// generation end, those that come after the publication are refused and leave at once: the raise gets through.
    /// </summary>
    [Fact]
    public async Task Overlapping_holders_do_not_starve_a_raise()
    {
        await EnsureAsync(_coordinator);
        using var stop = new CancellationTokenSource();
        var refused = 0;
        var admitted = 0;
        var holders = Enumerable.Range(0, 8).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                var entered = await HoldAsync("pg_sleep(0.05)");
                Interlocked.Increment(ref entered ? ref admitted : ref refused);
            }
        }).ToArray();
        await Eventually.TrueAsync(() => Task.FromResult(Volatile.Read(ref admitted) >= 8), "holders overlap");

        var generation = await RaiseAsync(FenceMode.Paused).WaitAsync(Eventually.DefaultBound);
        var atAcknowledgement = Volatile.Read(ref refused);
        await Eventually.TrueAsync(
            () => Task.FromResult(Volatile.Read(ref refused) > atAcknowledgement), "holders still come, and are refused");
        await stop.CancelAsync();
        await Task.WhenAll(holders);

        Assert.Equal(2, generation);
    }

    [Fact]
    public async Task A_raise_publishes_first_and_returns_when_the_last_older_holder_has_ended()
    {
        await EnsureAsync(_coordinator);
        await using var holder = await fixture.Target.Worker.OpenConnectionAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await holder.ExecuteAsync("select coordinator.enter_fence($1)", [_migration], default);

        var raise = RaiseAsync(FenceMode.Paused);
        await Eventually.TrueAsync(
            async () => (await FenceControl.ReadAsync(fixture.Target.Coordinator, _migration, default))?.Generation == 2,
            "the new generation is published while the holder still runs");
        Assert.False(raise.IsCompleted);
        await transaction.CommitAsync();

        Assert.Equal(2, await raise);
    }

    [Fact]
    public async Task A_raise_can_be_cancelled_while_it_waits_and_repeated()
    {
        await EnsureAsync(_coordinator);
        await using var holder = await fixture.Target.Worker.OpenConnectionAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await holder.ExecuteAsync("select coordinator.enter_fence($1)", [_migration], default);
        using var cancel = new CancellationTokenSource();

        var raise = FenceControl.RaiseAsync(fixture.Target.Coordinator, _migration, FenceMode.Paused, cancel.Token);
        await Eventually.TrueAsync(
            async () => (await FenceControl.ReadAsync(fixture.Target.Coordinator, _migration, default))?.Generation == 2,
            "published");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => raise);
        await transaction.CommitAsync();

        Assert.Equal(3, await RaiseAsync(FenceMode.Paused));
    }

    /// <summary>Enters at generation 1 and holds the fence for a while; false when refused.</summary>
    private async Task<bool> HoldAsync(string work)
    {
        await using var connection = await fixture.Target.Worker.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        try
        {
            await connection.ExecuteAsync("select coordinator.enter_fence($1)", [_migration], default);
            await connection.ExecuteAsync(
                """
                select coordinator.check_fence(
                  $1, 1, (select system_identifier from pg_control_system()), substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))
                """,
                [_migration],
                default);
            await connection.ExecuteAsync($"select {work}", [], default);
            await transaction.CommitAsync();
            return true;
        }
        catch (PostgresException exception) when (exception.SqlState is "CO001" or "CO002")
        {
            return false;
        }
    }

    private Task<long> EnsureAsync(Guid coordinator) =>
        FenceControl.EnsureAsync(fixture.Target.Coordinator, _migration, coordinator, default);

    private Task<long> RaiseAsync(FenceMode mode) =>
        FenceControl.RaiseAsync(fixture.Target.Coordinator, _migration, mode, default);
}
