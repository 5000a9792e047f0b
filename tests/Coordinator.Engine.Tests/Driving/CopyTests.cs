using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Engine.Tests.Driving;

/// <summary>Part of a table moves into a table of its own, while the application writes.</summary>
public class CopyTests
{
    private const string Split =
        """
        migration: rename-comment
        target: shop
        versions:
          shop-api: { uses_new_from: 2, free_of_old_from: 2 }
        operations:
          - raw_sql:
              expand: create table review_text (id int primary key, body text)
              rollback: drop table review_text
          - raw_sql:
              expand: |
                create function public.mirror() returns trigger language plpgsql security definer set search_path = public as $$
                begin
                  if tg_op = 'DELETE' then
                    delete from review_text where id = old.id;
                    return old;
                  end if;
                  insert into review_text values (new.id, new.comment) on conflict (id) do update set body = excluded.body;
                  return new;
                end $$
              rollback: drop function public.mirror
          - raw_sql:
              expand: create trigger mirror before insert or update or delete on review for each row execute function public.mirror()
              rollback: drop trigger mirror on review
          - raw_sql:
              backfill:
                table: review
                sql: insert into review_text select id, comment from review where {range} for key share on conflict (id) do nothing
                verify: >
                  select count(*) from review r full join review_text t using (id)
                  where (r.id is null) <> (t.id is null) or r.comment is distinct from t.body
        """;

    [Theory]
    [InlineData("key")]
    [InlineData("blocks")]
    public async Task A_row_that_is_deleted_while_its_batch_waits_leaves_no_copy(string by)
    {
        await using var shop = await ShopScenario.CreateAsync();
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.PlanAsync(Split.Replace("table: review", $"by: {by}\n        table: review", StringComparison.Ordinal));
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await Eventually.TrueAsync(
            async () => await shop.Coordination.ScalarAsync<long>("select count(*) from coordinator.backfill") > 0, "the backfill is open");
        await shop.Target.ExecuteAsync($"grant select, insert on review_text to {shop.Roles.Worker}");
        await using var application = await shop.Target.DataSource.OpenConnectionAsync();
        await using (var deleting = await application.BeginTransactionAsync())
        {
            await using var delete = new NpgsqlCommand("delete from review where id % 100 = 0", application);
            await delete.ExecuteNonQueryAsync();
            await using var worker = shop.StartWorker();
            await Eventually.TrueAsync(
                () => shop.Target.ScalarAsync<bool>(
                    "select exists (select from pg_stat_activity where application_name like 'coordinator-worker%' and wait_event_type = 'Lock')"),
                "a batch waits for the rows");
            await deleting.CommitAsync();
            await shop.WaitForStatusAsync(MigrationStatus.Completed);
        }

        Assert.Equal(1980, await shop.Target.ScalarAsync<long>("select count(*) from review_text where body = 'comment ' || id"));
        Assert.Equal(1980, await shop.Target.ScalarAsync<long>("select count(*) from review_text"));
    }
}
