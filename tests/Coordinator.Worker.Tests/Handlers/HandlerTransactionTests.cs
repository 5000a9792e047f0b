using Coordinator.Postgres.Ledger;
using Coordinator.Worker.Batches;
using Coordinator.Worker.Handlers;
using Coordinator.Worker.Tests.Batches;

namespace Coordinator.Worker.Tests.Handlers;

/// <summary>A batch that is run by application code: in the target it takes effect once, with its ledger entry, or not at all.</summary>
public sealed class HandlerTransactionTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>, IAsyncLifetime
{
    private BatchTarget _target = null!;

    /// <summary>Adds one to each row of the batch: a second time would show.</summary>
    private string Increment => $"update public.{_target.Table} set n = n + 1 where batch = $1";

    public async Task InitializeAsync() => _target = await BatchTarget.CreateAsync(fixture.Target, batches: 2);

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task What_it_does_is_committed_with_the_ledger(long epoch)
    {
        var grant = _target.Grant(epoch: epoch);

        var outcome = await RunAsync(grant, IncrementAsync);

        Assert.Equal(BatchTarget.RowsPerBatch, Assert.IsType<BatchOutcome.Committed>(outcome).Rows);
        Assert.Equal(1, await _target.AppliedAsync());
        var entry = Assert.Single(await LedgerReader.ReadStepAsync(
            fixture.Target.Coordinator, _target.Migration, BatchTarget.Step, CancellationToken.None));
        Assert.True(entry.Done);
    }

    [Fact]
    public async Task It_is_not_called_for_a_batch_that_is_done_or_whose_fence_moved()
    {
        await RunAsync(_target.Grant(), IncrementAsync);
        var calls = 0;
        Task<long> CountAsync(BatchContext batch) => Task.FromResult((long)++calls);

        Assert.IsType<BatchOutcome.AlreadyDone>(await RunAsync(_target.Grant(epoch: 2), CountAsync));
        await FenceControl.RaiseAsync(fixture.Target.Coordinator, _target.Migration, FenceMode.Paused, CancellationToken.None);
        Assert.IsType<BatchOutcome.FenceMoved>(await RunAsync(_target.Grant(batch: 2), CountAsync));

        Assert.Equal(0, calls);
        Assert.Equal(1, await _target.AppliedAsync());
    }

    [Fact]
    public async Task Rows_are_read_under_lock_and_written_in_one_round_trip()
    {
        await fixture.Target.ExecuteAsOwnerAsync(
            $"create table {_target.Table}_t (id int primary key, price numeric, doubled numeric); insert into {_target.Table}_t select i, i from generate_series(1, 300) i");
        var table = $"{_target.Table}_t";
        // Before: what is updated moves on to other pages.
        var inRange = await _target.Database.ScalarAsync<long>(
            $"select count(*) from {table} where ctid < '(1,0)' and price > 10");
        var outcome = await RunAsync(
            _target.Grant() with { Lo = 0, Hi = 1, Table = table },
            async batch =>
            {
                var rows = await batch.ReadRowsAsync(
                    $"select id, price from {batch.Table} where {{range}} and price > $1 order by id for no key update",
                    row => (Id: row.GetInt32(0), Price: row.GetDecimal(1)),
                    10m);
                return await batch.ExecuteManyAsync(
                    $"update {batch.Table} set doubled = $2 where id = $1", rows.Select(row => new object?[] { row.Id, row.Price * 2 }));
            });

        var written = Assert.IsType<BatchOutcome.Committed>(outcome).Rows;
        Assert.InRange(inRange, 1, 289);
        Assert.Equal(inRange, written);
        Assert.Equal(inRange, await _target.Database.ScalarAsync<long>($"select count(*) from {table} where doubled = 2 * price"));
    }

    [Fact]
    public async Task An_exception_rolls_the_batch_back_and_a_later_holder_runs_it()
    {
        var outcome = await RunAsync(_target.Grant(), async batch =>
        {
            await IncrementAsync(batch);
            throw new FormatException("no such currency");
        });

        Assert.Equal("FormatException: no such currency", Assert.IsType<BatchOutcome.HandlerFailed>(outcome).Message);
        Assert.Equal(0, await _target.AppliedAsync());
        Assert.IsType<BatchOutcome.Committed>(await RunAsync(_target.Grant(epoch: 2), IncrementAsync));
        Assert.Equal(1, await _target.AppliedAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_error_of_the_target_is_reported_as_it_is_also_when_the_handler_goes_on(bool swallow)
    {
        var outcome = await RunAsync(_target.Grant(), async batch =>
        {
            await IncrementAsync(batch);
            try
            {
                await batch.ExecuteAsync("select 1 / 0");
            }
            catch (Npgsql.PostgresException) when (swallow)
            {
                return 3;
            }

            return 0;
        });

        var failed = Assert.IsType<BatchOutcome.Failed>(outcome);
        Assert.Equal(("22012", FailureKind.Data), (failed.SqlState, failed.Kind));
        Assert.Equal(0, await _target.AppliedAsync());
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("END")]
    [InlineData(" ;; /* a /* b */ commit */ -- c\n ; rollback")]
    [InlineData("abort")]
    [InlineData("begin")]
    [InlineData("start transaction")]
    [InlineData("savepoint s")]
    [InlineData("release s")]
    [InlineData("prepare /* */ transaction 'x'")]
    public async Task Transaction_control_is_refused_before_it_is_sent(string sql)
    {
        var outcome = await RunAsync(_target.Grant(), async batch => await IncrementAsync(batch) + await batch.ExecuteAsync(sql));

        Assert.Contains("TRANSACTION_CONTROL", Assert.IsType<BatchOutcome.HandlerFailed>(outcome).Message, StringComparison.Ordinal);
        Assert.Equal(0, await _target.AppliedAsync());
    }

    /// <summary>Deeper than the first word: the server refuses it. A second statement in the text is refused too.</summary>
    [Theory]
    [InlineData("do $$ begin commit; end $$", "2D000")]
    [InlineData("select 1; commit", "42601")]
    [InlineData("with x as (select 1) select * from x; rollback", "42601")]
    public async Task Transaction_control_that_hides_is_refused_by_the_server(string sql, string sqlState)
    {
        var outcome = await RunAsync(_target.Grant(), async batch => await IncrementAsync(batch) + await batch.ExecuteAsync(sql));

        Assert.Equal(sqlState, Assert.IsType<BatchOutcome.Failed>(outcome).SqlState);
        Assert.Equal(0, await _target.AppliedAsync());
    }

    /// <summary>If one got through all the same: the ledger finds another transaction than the one that claimed the batch.</summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    public async Task A_transaction_that_was_left_is_detected_and_the_batch_does_not_run_again(long epoch, bool throws)
    {
        var outcome = await RunAsync(_target.Grant(epoch: epoch), async batch =>
        {
            await IncrementAsync(batch);
            await batch.ExecuteUncheckedAsync("commit");
            return throws ? throw new FormatException("later") : 1;
        });

        Assert.Equal("CO006", Assert.IsType<BatchOutcome.ProtocolBroken>(outcome).SqlState);
    }

    [Fact]
    public async Task A_handler_that_is_told_to_end_commits_nothing_and_leaves_the_batch_free()
    {
        using var lease = new CancellationTokenSource();
        var begun = new TaskCompletionSource();
        var run = HandlerTransaction.RunAsync(
            fixture.Target.Worker,
            _target.Grant(),
            new DelegateHandler(async (batch, cancellationToken) =>
            {
                await IncrementAsync(batch);
                begun.SetResult();
                await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
                return 0;
            }),
            lease.Token,
            CancellationToken.None);
        await begun.Task;

        await lease.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(0, await _target.AppliedAsync());
        Assert.IsType<BatchOutcome.Committed>(await RunAsync(_target.Grant(epoch: 2), IncrementAsync));
        Assert.Equal(1, await _target.AppliedAsync());
    }

    [Fact]
    public async Task A_statement_that_runs_when_the_lease_ends_is_cancelled_on_the_server()
    {
        await using var gate = await _target.CloseGateAsync();
        using var lease = new CancellationTokenSource();
        var run = HandlerTransaction.RunAsync(
            fixture.Target.Worker,
            _target.Grant(),
            new DelegateHandler((batch, _) => batch.ExecuteAsync($"select {_target.Gate}")),
            lease.Token,
            CancellationToken.None);
        await _target.AtGateAsync();

        await lease.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        await _target.AtGateAsync(sessions: 0);
    }

    /// <summary>Stopped between two statements, past its lease: the successor gets through, the zombie adds nothing.</summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task A_zombie_handler_commits_nothing_when_the_servers_timer_has_ended_it(long epoch, bool writesAgain)
    {
        var (written, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        var zombie = RunAsync(
            _target.Grant(epoch: epoch) with { StatementTimeout = TimeSpan.FromSeconds(1) },
            async batch =>
            {
                var rows = await IncrementAsync(batch);
                written.SetResult();
                await goOn.Task;
                return writesAgain ? await IncrementAsync(batch) : rows;
            });
        await written.Task;

        var successor = await RunUntilFreeAsync(
            _target.Grant(epoch: epoch + 1) with { LockTimeout = TimeSpan.FromSeconds(30) }, IncrementAsync);
        goOn.SetResult();

        Assert.IsType<BatchOutcome.Committed>(successor);
        Assert.Equal(epoch + 1, Assert.IsType<BatchOutcome.AlreadyDone>(await zombie).Epoch);
        Assert.Equal(1, await _target.AppliedAsync());
    }

    /// <summary>Its successor waits for it, finds the batch done, and does not call its own handler.</summary>
    [Fact]
    public async Task A_slow_handler_that_commits_in_time_is_found_by_its_successor()
    {
        var (written, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        var slow = RunAsync(_target.Grant(), async batch =>
        {
            var rows = await IncrementAsync(batch);
            written.SetResult();
            await goOn.Task;
            return rows;
        });
        await written.Task;

        var successor = RunAsync(_target.Grant(epoch: 2) with { LockTimeout = TimeSpan.FromSeconds(30) }, IncrementAsync);
        await _target.WaitsForRowAsync();
        goOn.SetResult();

        Assert.IsType<BatchOutcome.Committed>(await slow);
        Assert.IsType<BatchOutcome.AlreadyDone>(await successor);
        Assert.Equal(1, await _target.AppliedAsync());
    }

    [Fact]
    public async Task Its_statements_run_one_after_the_other_and_none_after_its_end()
    {
        BatchContext? kept = null;
        var outcome = await RunAsync(_target.Grant(), async batch =>
        {
            kept = batch;
            var rows = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => IncrementAsync(batch)));
            return rows.Sum();
        });

        Assert.Equal(5 * BatchTarget.RowsPerBatch, Assert.IsType<BatchOutcome.Committed>(outcome).Rows);
        await Assert.ThrowsAsync<InvalidOperationException>(() => IncrementAsync(kept!));
        Assert.Equal(5, await _target.AppliedAsync());
    }

    [Fact]
    public async Task Every_run_of_a_batch_has_the_same_key_and_no_other_batch_has_it()
    {
        var keys = new List<(string Key, long Attempt)>();
        Task<long> NoteAsync(BatchContext batch)
        {
            keys.Add((batch.IdempotencyKey, batch.Attempt));
            throw new FormatException();
        }

        await RunAsync(_target.Grant(), NoteAsync);
        await RunAsync(_target.Grant(epoch: 2), NoteAsync);
        await RunAsync(_target.Grant(batch: 2), NoteAsync);

        Assert.Equal([1L, 2, 1], keys.Select(key => key.Attempt));
        Assert.Equal(keys[0].Key, keys[1].Key);
        Assert.NotEqual(keys[0].Key, keys[2].Key);
    }

    private Task<long> IncrementAsync(BatchContext batch) => batch.ExecuteAsync(Increment, (int)batch.FirstBlock);

    private Task<BatchOutcome> RunAsync(BatchGrant grant, Func<BatchContext, Task<long>> handler) => HandlerTransaction.RunAsync(
        fixture.Target.Worker,
        grant,
        new DelegateHandler((batch, _) => handler(batch)),
        CancellationToken.None,
        CancellationToken.None);

    private async Task<BatchOutcome> RunUntilFreeAsync(BatchGrant grant, Func<BatchContext, Task<long>> handler)
    {
        BatchOutcome outcome = new BatchOutcome.Busy("not tried");
        await Coordinator.Testing.Eventually.TrueAsync(
            async () => (outcome = await RunAsync(grant, handler)) is not BatchOutcome.Busy, "the batch is free");
        return outcome;
    }
}
