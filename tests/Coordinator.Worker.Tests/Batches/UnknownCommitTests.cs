using System.Diagnostics.CodeAnalysis;
using Coordinator.Worker.Batches;
using Npgsql;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>The answer to the commit is lost: the ledger tells what became of it, whichever way it went.</summary>
[SuppressMessage("Design", "CA1001", Justification = "IAsyncLifetime disposes what it made.")]
public sealed class UnknownCommitTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>, IAsyncLifetime
{
    private BatchTarget _target = null!;
    private ConnectionProxy _proxy = null!;
    private NpgsqlDataSource _source = null!;

    public async Task InitializeAsync()
    {
        _target = await BatchTarget.CreateAsync(fixture.Target, batches: 2);
        _proxy = new ConnectionProxy(fixture.Target.Roles.WorkerConnectionString);
        // Without the pool's reset, whose own answer would come first and be the one that is cut.
        _source = NpgsqlDataSource.Create(_proxy.ConnectionString + ";No Reset On Close=true");
        // The connection that the batch will run on; what follows on it are the protocol's messages only.
        Assert.IsType<BatchOutcome.Committed>(await RunAsync(_target.Grant(batch: 2)));
    }

    public async Task DisposeAsync()
    {
        await _source.DisposeAsync();
        await _proxy.DisposeAsync();
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    public async Task A_batch_is_one_round_trip_and_a_raise_is_another(long epoch, int expected)
    {
        var before = _proxy.Turns;

        Assert.IsType<BatchOutcome.Committed>(await RunAsync(_target.Grant(epoch: epoch)));

        Assert.Equal(expected, _proxy.Turns - before);
    }

    [Fact]
    public async Task Committed_and_the_answer_lost()
    {
        _proxy.CutAtNextAnswer();

        var outcome = Assert.IsType<BatchOutcome.Committed>(await RunAsync(_target.Grant()));

        Assert.Equal(BatchTarget.RowsPerBatch, outcome.Rows);
        Assert.Equal(_target.Identity.Timeline, outcome.Timeline);
        Assert.Equal(1, await _target.AppliedAsync());
    }

    [Fact]
    public async Task Committed_by_an_earlier_delivery_and_the_refusal_lost()
    {
        var grant = _target.Grant();
        await RunAsync(grant);
        _proxy.CutAtNextAnswer();

        Assert.IsType<BatchOutcome.Committed>(await RunAsync(grant));

        Assert.Equal(1, await _target.AppliedAsync());
    }

    [Fact]
    public async Task The_answer_to_the_raise_lost()
    {
        var grant = _target.Grant(epoch: 2);
        _proxy.CutAtNextAnswer();

        Assert.IsType<BatchOutcome.Unsettled>(await RunAsync(grant));
        Assert.Equal(0, await _target.AppliedAsync());

        Assert.IsType<BatchOutcome.Committed>(await RunAsync(grant));
        Assert.Equal(1, await _target.AppliedAsync());
    }

    /// <summary>The server never notices that the client is gone and commits later: the ledger is not read before that.</summary>
    [Fact]
    public async Task Cut_while_it_runs_and_committed_later()
    {
        Task<BatchOutcome> run;
        await using (await _target.CloseGateAsync())
        {
            run = RunAsync(_target.Grant(statement: _target.StopAfterWriting) with { LockTimeout = TimeSpan.FromSeconds(30) });
            await _target.AtGateAsync();
            _proxy.CutNow();
            await Testing.Eventually.TrueAsync(
                () => _target.Database.ScalarAsync<bool>(
                    $"select count(*) = 2 from pg_stat_activity where usename = '{fixture.Target.Roles.Worker}' and application_name like 'coordinator-worker%'"),
                "the client asks on another connection");
            Assert.False(run.IsCompleted);
        }

        Assert.IsType<BatchOutcome.Committed>(await run);
        Assert.Equal(1, await _target.AppliedAsync());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Terminated_before_it_committed(long epoch)
    {
        var grant = _target.Grant(epoch: epoch, statement: _target.StopAfterWriting) with { LockTimeout = TimeSpan.FromSeconds(30) };
        await using (await _target.CloseGateAsync())
        {
            var run = RunAsync(grant);
            await _target.AtGateAsync();
            await _target.TerminateAtGateAsync();

            Assert.IsType<BatchOutcome.Unsettled>(await run);
            Assert.Equal(0, await _target.AppliedAsync());
        }

        Assert.IsType<BatchOutcome.Committed>(await RunAsync(grant));
        Assert.Equal(1, await _target.AppliedAsync());
    }

    private Task<BatchOutcome> RunAsync(BatchGrant grant) => BatchTransaction.RunAsync(_source, grant, CancellationToken.None);
}
