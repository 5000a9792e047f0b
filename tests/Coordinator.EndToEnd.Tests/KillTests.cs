using Coordinator.Postgres.Embedded;
using Coordinator.Testing;
using Coordinator.V1;

namespace Coordinator.EndToEnd.Tests;

/// <summary>Processes are killed with SIGKILL; the job continues and ends right.</summary>
public class KillTests
{
    private const int Rows = 4000;

    [Fact]
    public async Task The_server_is_killed_at_every_step_of_the_migration()
    {
        await using var service = await ServiceUnderTest.CreateAsync(Rows);
        service.StartWorker("worker-1");
        await service.PlanAndStartAsync();
        var kills = 0;
        for (var seen = 0L; ; kills++)
        {
            var migration = await service.WaitForAsync(
                now => now.Revision > seen || now.State == Migration.Types.State.Completed, "the migration moves on");
            seen = migration.Revision;
            if (migration.State == Migration.Types.State.Completed)
            {
                break;
            }

            await service.KillServerAsync();
            await service.StartServerAsync();
        }

        Assert.True(kills >= 3, $"{kills} kills");
        await AssertRightAsync(service);
    }

    [Fact]
    public async Task A_worker_is_killed_in_a_batch_and_another_takes_it_over()
    {
        await using var service = await ServiceUnderTest.CreateAsync(Rows);
        await service.PlanAndStartAsync();
        await service.WaitForAsync(
            now => now.Steps.Any(step => step.Id == "migrate-1-backfill" && step.State == Step.Types.State.Started), "the backfill is open");

        // One row is locked, so the worker that has its batch is caught in the middle of the transaction.
        await using var connection = await service.Target.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var hold = new Npgsql.NpgsqlCommand("select from review where id = 1000 for update", connection))
        {
            await hold.ExecuteNonQueryAsync();
        }

        var worker = service.StartWorker("worker-1");
        await Eventually.TrueAsync(
            () => service.AskTargetAsync<bool>(
                "select exists (select from pg_stat_activity where usename = 'shop_worker' and wait_event_type = 'Lock')"),
            "the worker waits inside its batch");
        await worker.KillAsync();
        await transaction.RollbackAsync();
        await service.Coordination.ExecuteAsync("update coordinator.backfill_batch set expires_at = now() where state = 0");
        service.StartWorker("worker-2");

        await service.WaitForAsync(now => now.State == Migration.Types.State.Completed, "the migration completes");
        Assert.True(await service.Coordination.ScalarAsync<long>("select sum(takeovers)::bigint from coordinator.backfill_batch") > 0);
        await AssertRightAsync(service);
    }

    [Fact]
    public async Task PostgreSQL_is_stopped_at_once_in_the_backfill()
    {
        await using var service = await ServiceUnderTest.CreateAsync(rows: 40_000);
        service.StartWorker("worker-1");
        await service.PlanAndStartAsync();
        await Eventually.TrueAsync(
            async () => await service.AskTargetAsync<bool>("select to_regclass('coordinator.ledger') is not null")
                && await service.AskTargetAsync<bool>("select count(*) >= 2 from coordinator.ledger where state = 'done'"),
            "the backfill is under way");

        await service.TargetServer.StopAsync(PostgresShutdown.Immediate, CancellationToken.None);
        await service.TargetServer.StartServerAsync(CancellationToken.None);
        service.Target.Clear();

        await service.WaitForAsync(now => now.State == Migration.Types.State.Completed, "the migration completes");
        await AssertRightAsync(service, 40_000);
    }

    private static async Task AssertRightAsync(ServiceUnderTest service, int rows = Rows)
    {
        Assert.Equal(rows, await service.AskTargetAsync<long>("select count(*) from review where message = 'comment ' || id"));
        Assert.Equal("id,message,touched", await service.AskTargetAsync<string>(
            """
            select string_agg(attname, ',' order by attname) from pg_attribute
             where attrelid = 'review'::regclass and attnum > 0 and not attisdropped
            """));
        Assert.Equal(rows, await service.AskTargetAsync<long>("select sum(rows)::bigint from coordinator.ledger"));
        Assert.Equal(0L, await service.AskTargetAsync<long>("select count(*) from coordinator.ledger where state <> 'done'"));
        Assert.Equal(0L, await service.AskTargetAsync<long>("select count(*) from pg_trigger where tgname like 'zz_coordinator%'"));
    }
}
