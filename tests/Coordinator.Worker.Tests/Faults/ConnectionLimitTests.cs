using Coordinator.Worker.Batches;
using Coordinator.Worker.Tests.Batches;
using Npgsql;

namespace Coordinator.Worker.Tests.Faults;

/// <summary>No connection is left in the target: the batch is not begun, and runs when there is one.</summary>
public sealed class ConnectionLimitTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    [Theory]
    [InlineData("alter role {0} connection limit 1", "alter role {0} connection limit -1")]
    [InlineData("alter database {1} connection limit 1", "alter database {1} connection limit -1")]
    public async Task With_no_connection_left_the_target_is_unreachable_and_the_batch_runs_later(string exhaust, string relax)
    {
        var target = await BatchTarget.CreateAsync(fixture.Target);
        string Sql(string text) => text.Replace("{0}", fixture.Target.Roles.Worker, StringComparison.Ordinal)
            .Replace("{1}", fixture.Target.Database.Name, StringComparison.Ordinal);
        await using var source = NpgsqlDataSource.Create(fixture.Target.Roles.WorkerConnectionString);
        await using var last = new NpgsqlConnection(fixture.Target.Roles.WorkerConnectionString + ";Pooling=false");
        await last.OpenAsync();
        await target.Database.ExecuteAsync(Sql(exhaust));
        try
        {
            var refused = Assert.IsType<BatchOutcome.Unreachable>(
                await BatchTransaction.RunAsync(source, target.Grant(), CancellationToken.None));
            Assert.Contains("53300", refused.Message, StringComparison.Ordinal);
            Assert.Equal(0, await target.AppliedAsync());
        }
        finally
        {
            await target.Database.ExecuteAsync(Sql(relax));
        }

        Assert.IsType<BatchOutcome.Committed>(await BatchTransaction.RunAsync(source, target.Grant(), CancellationToken.None));
        Assert.Equal(1, await target.AppliedAsync());
    }

    /// <summary>The connection is lost at the commit, and none is to be had to look up what became of it.</summary>
    [Fact]
    public async Task A_commit_that_cannot_be_looked_up_is_unsettled_and_found_by_the_next_run()
    {
        var target = await BatchTarget.CreateAsync(fixture.Target);
        await using var proxy = new ConnectionProxy(fixture.Target.Roles.WorkerConnectionString);
        await using var source = NpgsqlDataSource.Create(proxy.ConnectionString + ";No Reset On Close=true");
        await using (await source.OpenConnectionAsync())
        {
            // The pool's one connection: what follows on it is the batch.
        }

        await target.Database.ExecuteAsync($"alter role {fixture.Target.Roles.Worker} connection limit 0");
        try
        {
            proxy.CutAtNextAnswer();
            var outcome = await BatchTransaction.RunAsync(source, target.Grant(), CancellationToken.None);
            Assert.Contains("53300", Assert.IsType<BatchOutcome.Unsettled>(outcome).Message, StringComparison.Ordinal);
        }
        finally
        {
            await target.Database.ExecuteAsync($"alter role {fixture.Target.Roles.Worker} connection limit -1");
        }

        Assert.IsType<BatchOutcome.AlreadyDone>(
            await BatchTransaction.RunAsync(source, target.Grant(epoch: 2), CancellationToken.None));
        Assert.Equal(1, await target.AppliedAsync());
    }
}
