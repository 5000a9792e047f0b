using Coordinator.Worker.Batches;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>
/// A worker that stops past its lease and goes on later. Wherever it stopped, the batch is applied once, and never by
/// the superseded holder after its successor's raise.
/// </summary>
public sealed class ZombieTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>, IAsyncLifetime
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);
    private BatchTarget _target = null!;

    public async Task InitializeAsync() => _target = await BatchTarget.CreateAsync(fixture.Target, batches: 1);

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Stopped_before_its_transaction(long epoch)
    {
        var zombie = _target.Grant(epoch: epoch);

        Assert.IsType<BatchOutcome.Committed>(await _target.RunAsync(_target.Grant(epoch: epoch + 1)));

        Assert.IsType<BatchOutcome.AlreadyDone>(await _target.RunAsync(zombie));
        Assert.Equal(1, await _target.AppliedAsync());
    }

    /// <summary>Inside the transaction, at the last statement before the batch is claimed.</summary>
    [Theory]
    [InlineData(1, "enter_fence")]
    [InlineData(1, "check_fence")]
    [InlineData(1, "claim_batch")]
    [InlineData(2, "claim_batch")]
    public async Task Stopped_inside_its_transaction_before_the_claim(long epoch, string before)
    {
        await using var zombie = await SteppedBatch.StartAsync(_target, _target.Grant(epoch: epoch));
        await zombie.RunUntilAsync(before);

        Assert.IsType<BatchOutcome.Committed>(await _target.RunAsync(_target.Grant(epoch: epoch + 1)));

        Assert.Equal("CO004", await zombie.ContinueAsync());
        Assert.Equal(1, await _target.AppliedAsync());
    }

    /// <summary>The successor has raised and not run yet: the zombie must not slip in between.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Stopped_before_the_claim_while_the_successor_has_only_raised(long epoch)
    {
        await using var zombie = await SteppedBatch.StartAsync(_target, _target.Grant(epoch: epoch));
        await zombie.RunUntilAsync("claim_batch");
        var successor = _target.Grant(epoch: epoch + 1);
        await using var connection = await _target.Target.Worker.OpenConnectionAsync();
        await connection.RunAsync(
            $"select coordinator.raise_batch('{_target.Migration}', '{BatchTarget.Step}', 1, 1, 2, {epoch + 1}, '{successor.LeaseId}')");

        Assert.Equal("CO005", await zombie.ContinueAsync());

        Assert.Equal(0, await _target.AppliedAsync());
        Assert.IsType<BatchOutcome.Committed>(await _target.RunAsync(successor));
        Assert.Equal(1, await _target.AppliedAsync());
    }

    /// <summary>After the claim the successor's raise waits; the zombie goes on and commits, and the successor finds that.</summary>
    [Theory]
    [InlineData(1, "apply_batch")]
    [InlineData(1, "commit")]
    [InlineData(2, "apply_batch")]
    [InlineData(2, "commit")]
    public async Task Stopped_after_the_claim_and_continued(long epoch, string before)
    {
        await using var zombie = await ClaimedAsync(epoch, Long);
        await zombie.RunUntilAsync(before);

        var successor = _target.RunAsync(_target.Grant(epoch: epoch + 1) with { LockTimeout = Long });
        await _target.WaitsForRowAsync();
        Assert.Null(await zombie.ContinueAsync());

        Assert.Equal(epoch, Assert.IsType<BatchOutcome.AlreadyDone>(await successor).Epoch);
        Assert.Equal(1, await _target.AppliedAsync());
    }

    /// <summary>Nobody ends the zombie: the server's own timer does, and the successor gets through.</summary>
    [Theory]
    [InlineData(1, "apply_batch")]
    [InlineData(1, "commit")]
    [InlineData(2, "commit")]
    public async Task Stopped_after_the_claim_until_the_servers_timer_ends_it(long epoch, string before)
    {
        await using var zombie = await ClaimedAsync(epoch, TimeSpan.FromSeconds(1));
        await zombie.RunUntilAsync(before);

        var successor = await _target.RunUntilFreeAsync(_target.Grant(epoch: epoch + 1) with { LockTimeout = Long });

        Assert.IsType<BatchOutcome.Committed>(successor);
        Assert.Equal(1, await _target.AppliedAsync());
        var ended = await Record.ExceptionAsync(async () => Assert.NotNull(await zombie.ContinueAsync()));
        Assert.True(ended is null or Npgsql.NpgsqlException, ended?.ToString());
        Assert.Equal(1, await _target.AppliedAsync());
    }

    [Fact]
    public async Task A_successor_that_cannot_wait_is_told_to_come_again()
    {
        await using var zombie = await ClaimedAsync(1, Long);

        var successor = await _target.RunAsync(_target.Grant(epoch: 2) with { LockTimeout = TimeSpan.FromMilliseconds(50) });

        Assert.Equal(new BatchOutcome.Failed("55P03", "canceling statement due to lock timeout", FailureKind.Transient), successor with
        {
            SystemIdentifier = null,
            Timeline = null,
        });
        Assert.Null(await zombie.ContinueAsync());
    }

    /// <summary>The whole of the real client, stopped within its statement and terminated by its label's session.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Stopped_within_its_statement_and_terminated(long epoch)
    {
        await using var gate = await _target.CloseGateAsync();
        var zombie = _target.RunAsync(
            _target.Grant(epoch: epoch, statement: _target.StopAfterWriting) with { LockTimeout = Long });
        await _target.AtGateAsync();

        await _target.TerminateAtGateAsync();
        var successor = await _target.RunUntilFreeAsync(_target.Grant(epoch: epoch + 1) with { LockTimeout = Long });

        Assert.IsType<BatchOutcome.Committed>(successor);
        var outcome = await zombie;
        Assert.True(
            outcome is BatchOutcome.Unsettled or BatchOutcome.AlreadyDone or BatchOutcome.Superseded, outcome.ToString());
        Assert.Equal(1, await _target.AppliedAsync());
    }

    /// <summary>The same with the whole client continued: it commits, its successor finds the batch done.</summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    public async Task Stopped_within_its_statement_and_continued(long epoch, bool afterWriting)
    {
        Task<BatchOutcome> zombie, successor;
        await using (await _target.CloseGateAsync())
        {
            var statement = afterWriting ? _target.StopAfterWriting : _target.StopBeforeWriting;
            zombie = _target.RunAsync(_target.Grant(epoch: epoch, statement: statement) with { LockTimeout = Long });
            await _target.AtGateAsync();
            successor = _target.RunAsync(_target.Grant(epoch: epoch + 1) with { LockTimeout = Long });
            await _target.WaitsForRowAsync();
        }

        Assert.IsType<BatchOutcome.Committed>(await zombie);
        Assert.IsType<BatchOutcome.AlreadyDone>(await successor);
        Assert.Equal(1, await _target.AppliedAsync());
    }

    /// <summary>A zombie of the statement-by-statement kind that has claimed its batch.</summary>
    private async Task<SteppedBatch> ClaimedAsync(long epoch, TimeSpan idle)
    {
        var grant = _target.Grant(epoch: epoch) with { StatementTimeout = idle };
        if (epoch > 1)
        {
            await using var connection = await _target.Target.Worker.OpenConnectionAsync();
            await connection.RunAsync(
                $"select coordinator.raise_batch('{_target.Migration}', '{BatchTarget.Step}', 1, 1, 2, {epoch}, '{grant.LeaseId}')");
        }

        var zombie = await SteppedBatch.StartAsync(_target, grant);
        await zombie.RunUntilAsync("apply_batch");
        return zombie;
    }
}
