using Coordinator.Postgres.Ledger;
using Coordinator.Testing;
using Coordinator.Worker.Batches;
using Npgsql;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>What a batch does when nothing, or one thing, is in its way.</summary>
public sealed class BatchTransactionTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>, IAsyncLifetime
{
    private BatchTarget _target = null!;

    public async Task InitializeAsync() => _target = await BatchTarget.CreateAsync(fixture.Target, batches: 3);

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public async Task A_batch_commits_its_effect_and_its_ledger_row_together(long epoch)
    {
        var grant = _target.Grant(epoch: epoch);

        var outcome = Assert.IsType<BatchOutcome.Committed>(await _target.RunAsync(grant));

        Assert.Equal(BatchTarget.RowsPerBatch, outcome.Rows);
        Assert.Equal(_target.Identity.SystemIdentifier, outcome.SystemIdentifier);
        Assert.Equal(_target.Identity.Timeline, outcome.Timeline);
        Assert.Equal(1, await _target.AppliedAsync());
        Assert.Equal(0, await _target.AppliedAsync(batch: 2));
        Assert.True(await _target.Database.ScalarAsync<bool>(
            $"select bool_and(xmin::text = '{outcome.Xid}') from public.{_target.Table} where batch = 1"));
        var entry = Assert.Single(await LedgerAsync());
        Assert.Equal((epoch, grant.LeaseId, true, BatchTarget.RowsPerBatch), (entry.Epoch, entry.LeaseId, entry.Done, entry.Rows));
    }

    [Fact]
    public async Task Its_time_in_the_target_is_told_and_holds_what_the_statement_took()
    {
        var grant = _target.Grant();
        grant = grant with { Statement = grant.Statement + " and pg_sleep(0.05) is not null" };

        var outcome = Assert.IsType<BatchOutcome.Committed>(await _target.RunAsync(grant));

        Assert.InRange(outcome.Elapsed!.Value, TimeSpan.FromMilliseconds(50) * BatchTarget.RowsPerBatch, TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_grant_that_is_delivered_twice_is_applied_once()
    {
        var grant = _target.Grant();
        Assert.IsType<BatchOutcome.Committed>(await _target.RunAsync(grant));

        var second = Assert.IsType<BatchOutcome.AlreadyDone>(await _target.RunAsync(grant));

        Assert.Equal((BatchTarget.RowsPerBatch, 1), (second.Rows, second.Epoch));
        Assert.Equal(1, await _target.AppliedAsync());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_grant_that_is_delivered_eight_times_at_once_is_applied_once(long epoch)
    {
        var grant = _target.Grant(epoch: epoch) with { LockTimeout = TimeSpan.FromSeconds(30) };

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _target.RunAsync(grant)));

        Assert.Single(outcomes.OfType<BatchOutcome.Committed>());
        Assert.All(outcomes, outcome =>
            Assert.True(outcome is BatchOutcome.Committed or BatchOutcome.AlreadyDone or BatchOutcome.Busy, outcome.ToString()));
        Assert.Equal(1, await _target.AppliedAsync());
    }

    [Fact]
    public async Task A_later_holder_finds_what_an_earlier_one_has_done()
    {
        await _target.RunAsync(_target.Grant());

        var outcome = Assert.IsType<BatchOutcome.AlreadyDone>(await _target.RunAsync(_target.Grant(epoch: 2)));

        Assert.Equal((BatchTarget.RowsPerBatch, 1), (outcome.Rows, outcome.Epoch));
        Assert.Equal(1, await _target.AppliedAsync());
    }

    [Fact]
    public async Task A_batch_that_another_transaction_runs_is_busy()
    {
        await using (await _target.CloseGateAsync())
        {
            var first = _target.RunAsync(_target.Grant(statement: _target.StopAfterWriting) with { LockTimeout = TimeSpan.FromSeconds(30) });
            await _target.AtGateAsync();

            var busy = Assert.IsType<BatchOutcome.Busy>(await _target.RunAsync(_target.Grant()));
            Assert.StartsWith("BATCH_BUSY", busy.Message, StringComparison.Ordinal);
            Assert.False(first.IsCompleted);
        }

        await Eventually.TrueAsync(async () => await _target.AppliedAsync() == 1, "the first one commits");
    }

    [Theory]
    [InlineData(3, 1)]
    [InlineData(3, 2)]
    [InlineData(3, 3)]
    [InlineData(2, 1)]
    public async Task A_holder_that_was_superseded_adds_nothing(long newer, long older)
    {
        await RaiseAsync(_target.Grant(epoch: newer));

        var outcome = Assert.IsType<BatchOutcome.Superseded>(await _target.RunAsync(_target.Grant(epoch: older)));

        Assert.Equal(newer, outcome.Epoch);
        Assert.Equal(0, await _target.AppliedAsync());
    }

    [Fact]
    public async Task A_raise_is_repeatable_by_its_own_lease()
    {
        var grant = _target.Grant(epoch: 2);
        await RaiseAsync(grant);

        Assert.IsType<BatchOutcome.Committed>(await _target.RunAsync(grant));
    }

    [Fact]
    public async Task While_the_fence_is_being_raised_a_batch_backs_off()
    {
        await using var raiser = await _target.Target.Coordinator.OpenConnectionAsync();
        await raiser.RunAsync($"begin; select pg_try_advisory_xact_lock(coordinator.fence_key('{_target.Migration}'))");

        var outcome = Assert.IsType<BatchOutcome.Busy>(await _target.RunAsync(_target.Grant()));

        Assert.StartsWith("FENCE_BUSY", outcome.Message, StringComparison.Ordinal);
        Assert.Equal(0, await _target.AppliedAsync());
    }

    [Theory]
    [InlineData("update coordinator.fence set generation = 2")]
    [InlineData("update coordinator.fence set generation = 0")]
    [InlineData("update coordinator.fence set mode = 'paused'")]
    [InlineData("update coordinator.fence set mode = 'closed'")]
    [InlineData("delete from coordinator.fence")]
    public async Task Behind_a_fence_that_has_moved_no_batch_runs(string change)
    {
        await _target.Database.ExecuteAsync($"{change} where migration = '{_target.Migration}'");

        Assert.IsType<BatchOutcome.FenceMoved>(await _target.RunAsync(_target.Grant()));
        Assert.IsType<BatchOutcome.FenceMoved>(await _target.RunAsync(_target.Grant(epoch: 2)));

        Assert.Equal(0, await _target.AppliedAsync());
        Assert.Empty(await LedgerAsync());
    }

    [Fact]
    public async Task On_another_cluster_or_timeline_no_batch_runs()
    {
        var grant = _target.Grant();

        Assert.IsType<BatchOutcome.WrongTarget>(await _target.RunAsync(grant with { SystemIdentifier = 1 }));
        Assert.IsType<BatchOutcome.WrongTarget>(await _target.RunAsync(grant with { Timeline = "000000FF" }));
        Assert.IsType<BatchOutcome.WrongTarget>(await _target.RunAsync(grant with { Timeline = "000000FF", Epoch = 2 }));

        Assert.Equal(0, await _target.AppliedAsync());
    }

    [Fact]
    public async Task A_batch_that_was_done_for_another_range_stops_the_migration()
    {
        await _target.RunAsync(_target.Grant());

        var first = await _target.RunAsync(_target.Grant() with { Hi = 3 });
        var later = await _target.RunAsync(_target.Grant(epoch: 2) with { Hi = 3 });

        Assert.All([first, later], outcome => Assert.Equal("CO012", Assert.IsType<BatchOutcome.ProtocolBroken>(outcome).SqlState));
        Assert.Equal(0, await _target.AppliedAsync(batch: 2));
    }

    [Fact]
    public async Task A_ledger_row_that_somebody_deleted_stops_the_migration()
    {
        var grant = _target.Grant(epoch: 2);
        await RaiseAsync(grant);
        await _target.Database.ExecuteAsync($"delete from coordinator.ledger where migration = '{_target.Migration}'");
        await using var batch = await SteppedBatch.StartAsync(_target, grant);

        Assert.Equal("CO009", await batch.ContinueAsync());
        Assert.Equal(0, await _target.AppliedAsync());
    }

    [Fact]
    public async Task A_batch_under_another_isolation_level_is_refused()
    {
        await using var connection = await _target.Target.Worker.OpenConnectionAsync();

        Assert.Equal("CO011", await connection.FailureAsync(
            $"begin isolation level repeatable read; select coordinator.enter_fence('{_target.Migration}')"));
    }

    [Fact]
    public async Task A_batch_whose_transaction_was_left_in_between_cannot_be_finished()
    {
        var lease = Guid.CreateVersion7();
        await using var connection = await _target.Target.Worker.OpenConnectionAsync();
        await connection.RunAsync($"select coordinator.claim_batch('{_target.Migration}', '{BatchTarget.Step}', 1, 1, 2, 1, '{lease}')");

        Assert.Equal("CO006", await connection.FailureAsync(
            $"select coordinator.finish_batch('{_target.Migration}', '{BatchTarget.Step}', 1, 1, '{lease}', 3)"));
    }

    [Fact]
    public async Task A_statement_that_wants_to_commit_fails_and_leaves_nothing_behind()
    {
        var outcome = await _target.RunAsync(_target.Grant(statement: _target.Increment + "; commit"));

        Assert.NotEqual(FailureKind.Transient, Assert.IsType<BatchOutcome.Failed>(outcome).Kind);
        Assert.Equal(0, await _target.AppliedAsync());
        Assert.Empty(await LedgerAsync());
    }

    [Fact]
    public async Task A_statement_that_fails_leaves_nothing_behind_and_the_connection_clean()
    {
        await using var source = NpgsqlDataSource.Create(_target.Target.Roles.WorkerConnectionString + ";Maximum Pool Size=1");

        var outcome = await BatchTransaction.RunAsync(
            source, _target.Grant(statement: _target.Increment + " and 1 / (n - n) = 1"), CancellationToken.None);

        Assert.Equal(new BatchOutcome.Failed("22012", "division by zero", FailureKind.Data) with
        {
            SystemIdentifier = _target.Identity.SystemIdentifier,
            Timeline = _target.Identity.Timeline,
        }, outcome);
        Assert.Empty(await LedgerAsync());
        await using (var command = source.CreateCommand(
            "select (pg_current_xact_id_if_assigned() is null)::text || current_setting('lock_timeout') || current_setting('application_name')"))
        {
            Assert.Equal("true0coordinator-worker", await command.ExecuteScalarAsync());
        }

        Assert.IsType<BatchOutcome.Committed>(await BatchTransaction.RunAsync(source, _target.Grant(), CancellationToken.None));
    }

    [Fact]
    public async Task A_lock_that_is_not_to_be_had_in_time_is_a_transient_failure()
    {
        await using var other = await _target.Target.Application.OpenConnectionAsync();
        await other.RunAsync($"begin; update public.{_target.Table} set n = n where batch = 1");

        var outcome = await _target.RunAsync(_target.Grant() with { LockTimeout = TimeSpan.FromMilliseconds(100) });

        Assert.Equal(FailureKind.Transient, Assert.IsType<BatchOutcome.Failed>(outcome).Kind);
        await other.RunAsync("rollback");
        Assert.IsType<BatchOutcome.Committed>(await _target.RunAsync(_target.Grant()));
    }

    [Fact]
    public async Task A_cancelled_batch_leaves_nothing_behind()
    {
        await using var gate = await _target.CloseGateAsync();
        using var cancel = new CancellationTokenSource();
        var run = BatchTransaction.RunAsync(
            _target.Target.Worker,
            _target.Grant(statement: _target.StopAfterWriting) with { LockTimeout = TimeSpan.FromSeconds(30) },
            cancel.Token);
        await _target.AtGateAsync();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        await Eventually.TrueAsync(async () => await _target.RunAsync(_target.Grant()) is BatchOutcome.Committed, "the batch is free again");
        Assert.Equal(1, await _target.AppliedAsync());
    }

    [Fact]
    public async Task A_target_that_is_down_is_unreachable()
    {
        await using var source = NpgsqlDataSource.Create("Host=/nonexistent;Username=x;Timeout=1");

        Assert.IsType<BatchOutcome.Unreachable>(
            await BatchTransaction.RunAsync(source, _target.Grant(), CancellationToken.None));
    }

    private async Task RaiseAsync(BatchGrant grant)
    {
        await using var connection = await _target.Target.Worker.OpenConnectionAsync();
        await connection.RunAsync(
            $"select coordinator.raise_batch('{grant.Migration}', '{grant.Step}', {grant.Batch}, {grant.Lo}, {grant.Hi}, {grant.Epoch}, '{grant.LeaseId}')");
    }

    private Task<IReadOnlyList<LedgerEntry>> LedgerAsync() =>
        LedgerReader.ReadStepAsync(_target.Target.Coordinator, _target.Migration, BatchTarget.Step, default);
}
