using Coordinator.Postgres.Sync;
using Coordinator.Worker.Batches;
using Npgsql;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>Every batch looks whether the trigger is still there that keeps the other rows in sync.</summary>
public sealed class SyncTriggerGuardTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    [Fact]
    public async Task With_its_trigger_in_place_a_batch_runs()
    {
        var (target, grant, _) = await CreateAsync();

        Assert.IsType<BatchOutcome.Committed>(await target.RunAsync(grant));
    }

    [Theory]
    [InlineData("alter table {0} disable trigger all")]
    [InlineData("drop trigger {1} on {0}")]
    [InlineData("create or replace function coordinator.{1}() returns trigger language plpgsql as 'begin return new; end'")]
    [InlineData("create or replace trigger {1} before insert or update of batch on {0} for each row execute function coordinator.{1}()")]
    [InlineData("create or replace trigger {1} before insert or update on {0} for each row when (new.m is distinct from new.n) execute function coordinator.{1}(); alter table {0} enable always trigger {1}")]
    [InlineData("create or replace trigger {1} before insert or update on {0} for each row execute function coordinator.{1}(); alter table {0} enable always trigger {1}")]
    [InlineData("update coordinator.sync_trigger set condition_hash = null where trigger_name = '{1}'")]
    [InlineData("delete from coordinator.sync_trigger where trigger_name = '{1}'")]
    [InlineData("drop table {0}")]
    public async Task With_its_trigger_broken_no_batch_runs(string tamper)
    {
        var (target, grant, trigger) = await CreateAsync();

        await target.Database.ExecuteAsync(
            tamper.Replace("{0}", trigger.Table, StringComparison.Ordinal).Replace("{1}", trigger.TriggerName, StringComparison.Ordinal));

        Assert.IsType<BatchOutcome.SyncTriggerBroken>(await target.RunAsync(grant));
        Assert.IsType<BatchOutcome.SyncTriggerBroken>(await target.RunAsync(grant with { Epoch = 2 }));
    }

    [Fact]
    public async Task A_trigger_without_a_condition_that_was_installed_without_one_is_in_place()
    {
        var (target, grant, trigger) = await CreateAsync();
        await target.Database.ExecuteAsync(
            $"""
            create or replace trigger {trigger.TriggerName} before insert or update on {trigger.Table} for each row
            execute function coordinator.{trigger.FunctionName}();
            alter table {trigger.Table} enable always trigger {trigger.TriggerName};
            update coordinator.sync_trigger set condition_hash = null where trigger_name = '{trigger.TriggerName}'
            """);

        Assert.IsType<BatchOutcome.Committed>(await target.RunAsync(grant));
    }

    [Fact]
    public async Task Once_the_batch_has_looked_the_trigger_cannot_be_changed_before_it_ends()
    {
        var (target, grant, trigger) = await CreateAsync();
        await using var batch = await SteppedBatch.StartAsync(target, grant);
        await batch.RunUntilAsync("apply_batch");
        await using var other = await target.Database.DataSource.OpenConnectionAsync();

        Assert.Equal(
            PostgresErrorCodes.LockNotAvailable,
            await other.FailureAsync($"set lock_timeout = '50ms'; alter table {trigger.Table} disable trigger all"));

        Assert.Null(await batch.ContinueAsync());
    }

    private async Task<(BatchTarget Target, BatchGrant Grant, SyncTrigger Trigger)> CreateAsync()
    {
        var target = await BatchTarget.CreateAsync(fixture.Target);
        await target.Target.ExecuteAsOwnerAsync($"alter table {target.Table} add m int");
        var trigger = new SyncTrigger
        {
            Schema = "public",
            Table = target.Table,
            OldColumn = "n",
            NewColumn = "m",
            SameType = true,
            TriggerName = SyncTrigger.NameFor("public", target.Table, "n", "m"),
        };
        await target.Target.ExecuteAsCoordinatorAsync(
            [.. SyncTriggerSql.Create(trigger), SyncTriggerSql.Register(trigger, target.Migration, "sync")]);
        var grant = target.Grant() with { TriggerTable = $"\"public\".\"{target.Table}\"", TriggerName = trigger.TriggerName };
        return (target, grant, trigger);
    }
}
