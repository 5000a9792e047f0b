using Coordinator.Postgres.Ledger;
using Coordinator.Testing;
using Coordinator.Worker.Batches;
using Coordinator.Worker.Handlers;
using Coordinator.Worker.Tests.Batches;
using Npgsql;

namespace Coordinator.Worker.Tests.Handlers;

/// <summary>A handler's batch that is met in the middle of its search for bad rows: the application's writes, crashes, pauses, other errors.</summary>
public sealed class HandlerBadRowFaultTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>, IAsyncLifetime
{
    private const int Bad = 5;

    // Behind the bad row, in a part that comes after that row was recorded.
    private const int Gate = 150;

    private HandlerTable _table = null!;

    private PoisonedTable Poisoned => _table.Poisoned;

    public async Task InitializeAsync() => _table = await HandlerTable.CreateAsync(fixture.Target, Bad);

    public Task DisposeAsync() => Task.CompletedTask;

    /// <summary>Between the call that failed and the search: one bad row is deleted, another moves, a good one moves.</summary>
    [Fact]
    public async Task Rows_that_the_application_wrote_before_the_search_are_taken_as_they_are_then()
    {
        await _table.Database.ExecuteAsync($"update {_table.Name} set text = 'poison' where id in (60, 170)");

        var outcome = await _table.RunAsync(async batch =>
        {
            if (!batch.IsPart)
            {
                await batch.ReadRowsAsync($"select id from {batch.Table} where {{range}}", row => row.GetInt32(0));
                await _table.Database.ExecuteAsync(
                    $"""
                    delete from {_table.Name} where id = 60;
                    update {_table.Name} set pad = 'moved' where id in (170, 20);
                    update {_table.Name} set text = '{Bad}' where id = {Bad};
                    """);
                throw new BadRowException("some");
            }

            return await _table.FillAsync(batch);
        });

        var committed = Assert.IsType<BatchOutcome.Committed>(outcome);
        Assert.Equal((198, 1), (committed.Rows, committed.BadRows));
        Assert.Equal("170", await Poisoned.QuarantinedAsync());
        Assert.Equal((198, 1), (await _table.CountAsync("times = 1 and number = id"), await _table.CountAsync("times = 0")));
    }

    [Fact]
    public async Task While_the_search_goes_on_nobody_moves_a_row_out_of_it()
    {
        await using var application = await _table.Database.DataSource.OpenConnectionAsync();
        List<string> answers = [];

        var outcome = await _table.RunAsync(async batch =>
        {
            if (batch.IsPart)
            {
                answers.Add(await application.FailureAsync(
                    $"set lock_timeout = '1ms'; update {_table.Name} set pad = 'moved' where id = {Gate}"));
            }

            return await _table.FillAsync(batch);
        });

        await _table.AssertDoneAroundAsync(outcome, Bad);
        Assert.All(answers, answer => Assert.Equal(PostgresErrorCodes.LockNotAvailable, answer));
        Assert.NotEmpty(answers);
    }

    [Fact]
    public async Task A_crash_in_the_middle_leaves_nothing_and_the_next_holder_does_it_all_once()
    {
        await Poisoned.StopAtAsync(Gate);
        await using (await Poisoned.CloseGateAsync())
        {
            var running = _table.RunAsync(_table.FillAsync, Poisoned.Grant() with { LockTimeout = TimeSpan.FromSeconds(60) });
            await Poisoned.AtGateAsync();
            await Poisoned.TerminateAtGateAsync();

            Assert.IsType<BatchOutcome.Unsettled>(await running);
            await _table.AssertNothingAsync();
        }

        await _table.AssertDoneAroundAsync(await _table.RunAsync(_table.FillAsync, Poisoned.Grant(epoch: 2)), Bad);
        Assert.IsType<BatchOutcome.AlreadyDone>(await _table.RunAsync(_table.FillAsync, Poisoned.Grant(epoch: 3)));
        Assert.Equal(0, await _table.CountAsync("times > 1"));
    }

    [Fact]
    public async Task A_lease_that_ends_in_the_middle_leaves_nothing()
    {
        await Poisoned.StopAtAsync(Gate);
        using var lease = new CancellationTokenSource();
        await using (await Poisoned.CloseGateAsync())
        {
            var running = _table.RunAsync(
                _table.FillAsync, Poisoned.Grant() with { LockTimeout = TimeSpan.FromSeconds(60) }, lease.Token);
            await Poisoned.AtGateAsync();

            await lease.CancelAsync();

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        }

        await _table.AssertNothingAsync();
        await _table.AssertDoneAroundAsync(await _table.RunAsync(_table.FillAsync, Poisoned.Grant(epoch: 2)), Bad);
    }

    [Fact]
    public async Task A_successor_can_not_take_over_while_the_search_goes_on()
    {
        await Poisoned.StopAtAsync(Gate);
        Task<BatchOutcome> running;
        await using (await Poisoned.CloseGateAsync())
        {
            running = _table.RunAsync(_table.FillAsync, Poisoned.Grant() with { LockTimeout = TimeSpan.FromSeconds(60) });
            await Poisoned.AtGateAsync();

            var successor = await _table.RunAsync(
                _table.FillAsync, Poisoned.Grant(epoch: 2) with { LockTimeout = TimeSpan.FromMilliseconds(200) });

            Assert.Equal("55P03", Assert.IsType<BatchOutcome.Failed>(successor).SqlState);
        }

        await _table.AssertDoneAroundAsync(await running, Bad);
    }

    /// <summary>Superseded, or paused, after its first call: the search begins behind the same guards.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_search_does_not_begin_for_a_holder_that_may_no_longer_commit(bool paused)
    {
        var meanwhile = Task.CompletedTask;
        var calls = 0;

        var outcome = await _table.RunAsync(async batch =>
        {
            calls++;
            await batch.ReadRowsAsync($"select 1 from {batch.Table} where {{range}}", row => row.GetInt32(0));
            if (paused)
            {
                // Published while this transaction holds the fence; from there it waits for nothing but this transaction's end.
                meanwhile = FenceControl.RaiseAsync(fixture.Target.Coordinator, Poisoned.Migration, FenceMode.Paused, default);
                await Eventually.TrueAsync(
                    () => _table.Database.ScalarAsync<bool>(
                        $"select mode = 'paused' from coordinator.fence where migration = '{Poisoned.Migration}'"),
                    "the pause is published");
            }
            else
            {
                // As when the session is lost and its successor comes: while this transaction lives it holds the ledger's row.
                await batch.ExecuteUncheckedAsync("rollback");
                await RaiseAsync(epoch: 2);
            }

            throw new BadRowException("late");
        });

        await meanwhile;
        Assert.Equal(1, calls);
        Assert.True(
            paused ? outcome is BatchOutcome.FenceMoved or BatchOutcome.Busy : outcome is BatchOutcome.Superseded { Epoch: 2 },
            outcome.ToString());
        await _table.AssertNothingAsync();
    }

    [Theory]
    [InlineData("40P01", FailureKind.Transient)]
    [InlineData("42501", FailureKind.Configuration)]
    public async Task Another_error_in_the_middle_ends_the_batch_and_leaves_nothing(string sqlState, FailureKind kind)
    {
        await Poisoned.Target.ExecuteAsOwnerAsync(
            $"""
            create function {_table.Name}_fail() returns trigger language plpgsql as $f$
            begin
              raise exception using errcode = '{sqlState}', message = 'in the way';
            end $f$;
            create trigger fail before update on {_table.Name} for each row when (old.id = {Gate}) execute function {_table.Name}_fail();
            """);
        foreach (var swallowed in (bool[])[false, true])
        {
            var outcome = await _table.RunAsync(
                async batch =>
                {
                    try
                    {
                        return await _table.FillAsync(batch);
                    }
                    catch (PostgresException) when (swallowed)
                    {
                        return 0;
                    }
                },
                Poisoned.Grant(epoch: swallowed ? 2 : 1));

            var failed = Assert.IsType<BatchOutcome.Failed>(outcome);
            Assert.Equal((sqlState, kind), (failed.SqlState, failed.Kind));
            await _table.AssertNothingAsync();
        }
    }

    [Fact]
    public async Task An_exception_of_the_handlers_own_in_the_middle_ends_the_batch_and_leaves_nothing()
    {
        var outcome = await _table.RunAsync(
            async batch => await _table.FillAsync(batch) == 0 || !batch.IsPart ? 0 : throw new FormatException("the service is away"));

        Assert.Equal("FormatException: the service is away", Assert.IsType<BatchOutcome.HandlerFailed>(outcome).Message);
        await _table.AssertNothingAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_transaction_that_a_part_has_left_is_detected(bool throws)
    {
        var outcome = await _table.RunAsync(async batch =>
        {
            var rows = await _table.FillAsync(batch);
            await batch.ExecuteUncheckedAsync("commit");
            return throws ? throw new BadRowException("later") : rows;
        });

        Assert.Equal("CO006", Assert.IsType<BatchOutcome.ProtocolBroken>(outcome).SqlState);
    }

    private async Task RaiseAsync(long epoch)
    {
        await using var connection = await fixture.Target.Worker.OpenConnectionAsync();
        await using var raise = connection.CreateBatch();
        foreach (var command in BatchProtocol.Raise(Poisoned.Grant(epoch)))
        {
            raise.BatchCommands.Add(command);
        }

        await raise.ExecuteNonQueryAsync();
    }
}
