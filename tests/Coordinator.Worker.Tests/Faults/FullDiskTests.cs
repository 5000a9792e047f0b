using Coordinator.Testing;
using Coordinator.Worker.Batches;
using Coordinator.Worker.Handlers;
using Coordinator.Worker.Tests.Batches;
using Xunit.Abstractions;

namespace Coordinator.Worker.Tests.Faults;

/// <summary>No space in the target: the batch is rolled back, says why, and runs once when there is space again.</summary>
public sealed class FullDiskTests(InstalledTargetFixture fixture, ITestOutputHelper output) : IClassFixture<InstalledTargetFixture>
{
    /// <summary>
    /// On a small file system of its own. Where none can be mounted, the server's own limit on a session's temporary
    /// files stands in: another SQLSTATE, the same course of things.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_batch_that_finds_the_disk_full_leaves_nothing_and_runs_once_when_there_is_space(bool handler)
    {
        var target = await BatchTarget.CreateAsync(fixture.Target);
        var data = await target.Database.ScalarAsync<string>("show data_directory");
        using var disk = SmallFilesystem.TryMount(8, data, out var whyNot);
        if (disk is null)
        {
            output.WriteLine(whyNot + " Instead: temp_file_limit.");
            await TemporaryFilesAsync(target, handler);
            return;
        }

        var space = "small_" + target.Table;
        await target.Database.ExecuteAsync($"create tablespace {space} location '{disk.Path}'");
        try
        {
            await target.Database.ExecuteAsync(
                $"alter table {target.Table} add pad text; alter table {target.Table} alter pad set storage external; alter table {target.Table} set tablespace {space}");
            disk.Fill();

            var grow = $"update public.{target.Table} set n = n + 1, pad = repeat('x', 200000) where batch = 1";
            var full = Assert.IsType<BatchOutcome.Failed>(await RunAsync(target, target.Grant(statement: grow), handler));
            Assert.Equal(("53100", FailureKind.Transient), (full.SqlState, full.Kind));
            Assert.Equal(0, await target.AppliedAsync());

            disk.Free();
            Assert.IsType<BatchOutcome.Committed>(await RunAfterwardsAsync(target, target.Grant(epoch: 2, statement: grow), handler));
            Assert.Equal(1, await target.AppliedAsync());
        }
        finally
        {
            await target.Database.ExecuteAsync($"drop table {target.Table}");
            await target.Database.ExecuteAsync($"drop tablespace {space}");
        }
    }

    [Fact]
    public Task A_batch_that_exceeds_the_limit_on_temporary_files_leaves_nothing_and_runs_once_without_it() =>
        RunOnNewTargetAsync(target => TemporaryFilesAsync(target, handler: false));

    private async Task RunOnNewTargetAsync(Func<BatchTarget, Task> run) => await run(await BatchTarget.CreateAsync(fixture.Target));

    private static async Task TemporaryFilesAsync(BatchTarget target, bool handler)
    {
        var spill = $"update public.{target.Table} set n = n + (select count(*) - 299999 from (select g from generate_series(1, 300000) g order by md5(g::text) offset 0) s)::int where batch = 1";
        var role = target.Target.Roles.Worker;
        await target.Database.ExecuteAsync($"alter role {role} set temp_file_limit = '64kB'; alter role {role} set work_mem = '64kB'");
        // Settings of a role are taken when a session begins.
        target.Target.Worker.Clear();
        try
        {
            var full = Assert.IsType<BatchOutcome.Failed>(await RunAsync(target, target.Grant(statement: spill), handler));
            Assert.Equal("53400", full.SqlState);
            Assert.Equal(0, await target.AppliedAsync());
        }
        finally
        {
            await target.Database.ExecuteAsync($"alter role {role} reset all");
            target.Target.Worker.Clear();
        }

        Assert.IsType<BatchOutcome.Committed>(await RunAfterwardsAsync(target, target.Grant(epoch: 2, statement: spill), handler));
        Assert.Equal(1, await target.AppliedAsync());
    }

    // Npgsql gives the connection up after such an error; its session may hold the batch's lock a moment longer.
    private static async Task<BatchOutcome> RunAfterwardsAsync(BatchTarget target, BatchGrant grant, bool handler)
    {
        BatchOutcome? outcome = null;
        await Eventually.TrueAsync(
            async () => (outcome = await RunAsync(target, grant, handler)) is not BatchOutcome.Busy, "the failed session has ended");
        return outcome!;
    }

    private static Task<BatchOutcome> RunAsync(BatchTarget target, BatchGrant grant, bool handler) => !handler
        ? target.RunAsync(grant)
        : HandlerTransaction.RunAsync(
            target.Target.Worker,
            grant,
            new DelegateHandler((batch, _) => batch.ExecuteAsync(grant.Statement)),
            CancellationToken.None,
            CancellationToken.None);
}
