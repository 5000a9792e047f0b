using Coordinator.Testing;
using Coordinator.Worker.Batches;
using Coordinator.Worker.Handlers;
using Coordinator.Worker.Tests.Batches;
using Npgsql;

namespace Coordinator.Worker.Tests.Faults;

/// <summary>
/// A worker behind PgBouncer in transaction mode: every transaction may be on another server connection than the one
/// before, so nothing of the protocol may live in a session.
/// </summary>
public sealed class PgBouncerTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>, IAsyncLifetime
{
    private const int Batches = 24;

    private PgBouncer _bouncer = null!;
    private BatchTarget _target = null!;

    public async Task InitializeAsync()
    {
        _target = await BatchTarget.CreateAsync(fixture.Target, Batches);
        _bouncer = await PgBouncer.StartAsync(
            fixture.Target.Roles.WorkerConnectionString, await fixture.Target.Database.ScalarAsync<string>("show data_directory"));
    }

    public async Task DisposeAsync() => await _bouncer.DisposeAsync();

    /// <summary>The pool itself has to do what these tests are about.</summary>
    [Fact]
    public async Task Two_transactions_of_one_client_run_on_two_connections()
    {
        await using var source = NpgsqlDataSource.Create(_bouncer.ConnectionString);
        await using var connection = await source.OpenConnectionAsync();
        var backends = new HashSet<int>();
        for (var i = 0; i < 4; i++)
        {
            await using var command = new NpgsqlCommand("select pg_backend_pid()", connection);
            backends.Add((int)(await command.ExecuteScalarAsync())!);
        }

        Assert.Equal(2, backends.Count);
    }

    [Fact]
    public async Task Raise_and_batch_on_different_connections_are_applied_once()
    {
        await using var source = NpgsqlDataSource.Create(_bouncer.ConnectionString);
        for (var batch = 1; batch <= 4; batch++)
        {
            var outcome = await BatchTransaction.RunAsync(source, _target.Grant(batch, epoch: 2), CancellationToken.None);

            Assert.Equal(BatchTarget.RowsPerBatch, Assert.IsType<BatchOutcome.Committed>(outcome).Rows);
            Assert.Equal(1, await _target.AppliedAsync(batch));
        }

        Assert.IsType<BatchOutcome.AlreadyDone>(
            await BatchTransaction.RunAsync(source, _target.Grant(1, epoch: 3), CancellationToken.None));
    }

    [Fact]
    public async Task Eight_workers_on_two_connections_apply_every_batch_once()
    {
        await using var source = NpgsqlDataSource.Create(_bouncer.ConnectionString);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async worker =>
        {
            for (var batch = 1; batch <= Batches; batch++)
            {
                var grant = _target.Grant(batch, epoch: 1 + ((worker + batch) % 3));
                BatchOutcome outcome = new BatchOutcome.Busy("not tried");
                await Eventually.TrueAsync(
                    async () => (outcome = await BatchTransaction.RunAsync(source, grant, CancellationToken.None))
                        is not (BatchOutcome.Busy or BatchOutcome.Failed { Kind: FailureKind.Transient }),
                    "the batch is free");
                Assert.True(
                    outcome is BatchOutcome.Committed or BatchOutcome.AlreadyDone or BatchOutcome.Superseded, outcome.ToString());
            }
        }));

        for (var batch = 1; batch <= Batches; batch++)
        {
            Assert.Equal(1, await _target.AppliedAsync(batch));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_handlers_statements_stay_in_one_transaction(long epoch)
    {
        await using var source = NpgsqlDataSource.Create(_bouncer.ConnectionString);
        var backends = new HashSet<int>();
        var outcome = await HandlerTransaction.RunAsync(
            source,
            _target.Grant(epoch: epoch),
            new DelegateHandler(async (batch, _) =>
            {
                for (var i = 0; i < 3; i++)
                {
                    backends.UnionWith(await batch.ReadRowsAsync("select pg_backend_pid()", row => row.GetInt32(0)));
                }

                return await batch.ExecuteAsync($"update public.{_target.Table} set n = n + 1 where batch = 1");
            }),
            CancellationToken.None,
            CancellationToken.None);

        Assert.IsType<BatchOutcome.Committed>(outcome);
        Assert.Single(backends);
        Assert.Equal(1, await _target.AppliedAsync());
    }

    /// <summary>Timeouts and locks end with the transaction: the next client on the connection finds nothing of them.</summary>
    [Fact]
    public async Task Nothing_of_a_batch_is_left_on_the_connection()
    {
        await using var source = NpgsqlDataSource.Create(_bouncer.ConnectionString);
        await BatchTransaction.RunAsync(source, _target.Grant(epoch: 2), CancellationToken.None);
        await BatchTransaction.RunAsync(source, _target.Grant(2, statement: "select 1 / 0"), CancellationToken.None);

        for (var i = 0; i < 2; i++)
        {
            await using var command = source.CreateCommand(
                """
                select current_setting('lock_timeout') || current_setting('statement_timeout') || current_setting('idle_in_transaction_session_timeout')
                    || (select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory')
                """);
            Assert.Equal("0000", await command.ExecuteScalarAsync());
        }
    }
}
