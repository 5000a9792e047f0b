using Coordinator.Postgres.Catalog;
using Npgsql;

namespace Coordinator.Postgres.Sync;

/// <summary>
/// Whether a sync or fill trigger still does what it was installed for. Every batch asks the same of its trigger; here
/// it is asked between batches and before contract, and the order among the table's triggers too.
/// </summary>
public static class SyncTriggerCheck
{
    /// <summary>What is wrong with the trigger, in a sentence; null when nothing is.</summary>
    public static async Task<string?> RunAsync(
        NpgsqlDataSource source,
        string migration,
        string schema,
        string table,
        string triggerName,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var sql = new TableName(schema, table).Sql;
        var problem = await connection.ScalarAsync<string>(
            "select coordinator.trigger_problem($1, $2, $3)", [migration, sql, triggerName], cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        var later = await connection.ScalarAsync<string>(
            """
            select t.tgname::text
              from pg_catalog.pg_trigger as t
             where t.tgrelid = pg_catalog.to_regclass($1)
               and t.tgtype & 3 = 3 and t.tgtype & 20 <> 0 and t.tgenabled <> 'D'
               and t.tgname > $2::name and t.tgname not like 'zz\_coordinator\_%'
             order by t.tgname limit 1
            """,
            [sql, triggerName],
            cancellationToken);
        return later is null
            ? null
            : $"trigger {later} on {sql} runs after {triggerName} and may change what it has put in sync; give it a name that sorts earlier";
    }
}
