using Coordinator.Postgres.Ledger;
using Coordinator.Worker.Batches;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>Two holders of one batch, or a batch and somebody else, stopped where it matters and then continued.</summary>
public sealed class InterleavingTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>, IAsyncLifetime
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);
    private BatchTarget _target = null!;

    public async Task InitializeAsync() => _target = await BatchTarget.CreateAsync(fixture.Target, batches: 2);

    public Task DisposeAsync() => Task.CompletedTask;

    /// <summary>Its own raise is committed; the successor's comes before its transaction begins.</summary>
    [Fact]
    public async Task Stopped_after_its_raise_while_the_successor_raises_and_begun_then()
    {
        var (first, second) = (_target.Grant(epoch: 2), _target.Grant(epoch: 3));
        await RaiseAsync(first);
        await RaiseAsync(second);
        await using var zombie = await SteppedBatch.StartAsync(_target, first);

        Assert.Equal("CO005", await zombie.ContinueAsync());

        Assert.Equal(0, await _target.AppliedAsync());
        Assert.IsType<BatchOutcome.Committed>(await _target.RunAsync(second));
        Assert.IsType<BatchOutcome.AlreadyDone>(await _target.RunAsync(first));
        Assert.Equal(1, await _target.AppliedAsync());
    }

    /// <summary>The abort is acknowledged only when the batch that holds the ledger's row has ended.</summary>
    [Fact]
    public async Task Stopped_after_the_claim_while_the_migration_is_aborted()
    {
        await using var inside = await SteppedBatch.StartAsync(
            _target, _target.Grant() with { LockTimeout = Long, StatementTimeout = Long });
        await inside.RunUntilAsync("apply_batch");
        var abort = FenceControl.RaiseAsync(fixture.Target.Coordinator, _target.Migration, FenceMode.Closed, CancellationToken.None);
        await Testing.Eventually.TrueAsync(
            async () => (await FenceControl.ReadAsync(fixture.Target.Coordinator, _target.Migration, default))?.Mode == FenceMode.Closed,
            "the abort is published");

        Assert.IsType<BatchOutcome.FenceMoved>(await _target.RunUntilFreeAsync(_target.Grant(batch: 2)));
        Assert.False(abort.IsCompleted, "acknowledged although a batch is inside");
        Assert.Null(await inside.ContinueAsync());
        await abort;

        Assert.Equal(1, await _target.AppliedAsync());
        Assert.IsType<BatchOutcome.FenceMoved>(await _target.RunAsync(_target.Grant(batch: 2)));
        Assert.Equal(0, await _target.AppliedAsync(2));
    }

    /// <summary>The batch was cut anew while its old holder is inside: whichever range commits, the other never does.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stopped_after_the_claim_while_the_batch_is_granted_with_another_range(bool commits)
    {
        await using var old = await SteppedBatch.StartAsync(
            _target, _target.Grant() with { LockTimeout = Long, StatementTimeout = commits ? Long : TimeSpan.FromSeconds(1) });
        await old.RunUntilAsync("apply_batch");
        await old.RunUntilAsync("commit");

        var wider = _target.RunUntilFreeAsync(_target.Grant(epoch: 2) with { Hi = 3, LockTimeout = Long });
        if (commits)
        {
            await _target.WaitsForRowAsync();
            Assert.Null(await old.ContinueAsync());
            Assert.Equal("CO012", Assert.IsType<BatchOutcome.ProtocolBroken>(await wider).SqlState);
        }
        else
        {
            Assert.IsType<BatchOutcome.Committed>(await wider);
            var ended = await Record.ExceptionAsync(async () => Assert.NotNull(await old.ContinueAsync()));
            Assert.True(ended is null or Npgsql.NpgsqlException, ended?.ToString());
        }

        Assert.Equal(1, await _target.AppliedAsync());
        Assert.Equal(commits ? 0 : 1, await _target.AppliedAsync(2));
    }

    /// <summary>The application holds what the batch needs and then wants what the batch holds; the batch looks first, and gives way.</summary>
    [Fact]
    public async Task A_batch_that_deadlocks_with_the_application_is_given_back_as_transient_and_runs_later()
    {
        var (worker, app) = (fixture.Target.Roles.Worker, fixture.Target.Roles.Application);
        await _target.Database.ExecuteAsync(
            $"alter role {worker} set deadlock_timeout = '3s'; alter role {app} set deadlock_timeout = '60s'");
        fixture.Target.Worker.Clear();
        fixture.Target.Application.Clear();
        var both = _target.Grant(statement: $"update public.{_target.Table} set n = n + 1 where batch in (1, 2)") with { LockTimeout = Long };
        await using var application = await fixture.Target.Application.OpenConnectionAsync();
        await application.RunAsync($"begin; update {_target.Table} set n = n where batch = 2");

        var run = _target.RunAsync(both);
        await _target.WaitsForRowAsync();
        await application.RunAsync($"update {_target.Table} set n = n where batch = 1; commit");

        var failed = Assert.IsType<BatchOutcome.Failed>(await run);
        Assert.Equal(("40P01", FailureKind.Transient), (failed.SqlState, failed.Kind));
        Assert.Equal(0, await _target.AppliedAsync());
        Assert.IsType<BatchOutcome.Committed>(await _target.RunAsync(both));
        Assert.Equal((1, 1), (await _target.AppliedAsync(), await _target.AppliedAsync(2)));
    }

    /// <summary>As its holder does it, alone.</summary>
    private async Task RaiseAsync(BatchGrant grant)
    {
        await using var connection = await fixture.Target.Worker.OpenConnectionAsync();
        await connection.RunAsync(
            $"select coordinator.raise_batch('{grant.Migration}', '{grant.Step}', {grant.Batch}, {grant.Lo}, {grant.Hi}, {grant.Epoch}, '{grant.LeaseId}')");
    }
}
