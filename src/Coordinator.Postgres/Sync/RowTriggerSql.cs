using Coordinator.Postgres.Catalog;

namespace Coordinator.Postgres.Sync;

/// <summary>
/// What every trigger of ours has in common. BEFORE INSERT OR UPDATE FOR EACH ROW without UPDATE OF: it sees every write,
/// whatever that names. A condition (WHEN) may only let out rows for which there is nothing to do, and it is looked at after
/// the triggers that come before. ENABLE ALWAYS, so a writer in session_replication_role=replica and logical apply, which skip
/// ordinary triggers, leave their rows in sync too; on a subscriber whose publisher has the trigger as well, a row
/// arrives in sync and the second run changes nothing. SECURITY DEFINER, since application roles have no rights on
/// schema coordinator; a fixed search_path, or a body in which every name has its schema, so the caller's can't redirect one.
/// </summary>
internal static class RowTriggerSql
{
    private const string SearchPath = " set search_path = pg_catalog, pg_temp";

    /// <summary>Settings that an expression's text form of a value depends on; the batch transaction sets the same.</summary>
    private const string FixedFormats =
        " set timezone = 'UTC' set datestyle = 'ISO, MDY' set intervalstyle = 'postgres' set extra_float_digits = 1";

    /// <param name="table">Where the trigger goes.</param>
    /// <param name="name">The trigger's name, and its function's.</param>
    /// <param name="body">What the function does, in PL/pgSQL.</param>
    /// <param name="settings">What the function fixes for its own run.</param>
    /// <param name="condition">
    /// Boolean SQL over NEW, in which every name has its schema: the rows for which the function is called; null for all.
    /// </param>
    public static IReadOnlyList<string> Install(
        TableName table, string name, string body, FunctionSettings settings, string? condition = null)
    {
        var function = $"coordinator.{Identifier.Quote(name)}()";
        var trigger = Identifier.Quote(name);
        var when = condition is null ? "" : $" when ({condition})";
        return
        [
            $"""
            create or replace function {function} returns trigger
            language plpgsql security definer{Settings(settings)} as {Literal(body)}
            """,
            $"revoke all on function {function} from public",
            // A partition that the table's owner creates or attaches gets a trigger of its own, in the owner's name.
            $"""
            do {Literal($"begin execute format({Literal($"grant execute on function {function} to %s")}, "
                + $"(select relowner::pg_catalog.regrole from pg_catalog.pg_class where oid = pg_catalog.to_regclass({Literal(table.Sql)}))); end")}
            """,
            $"create or replace trigger {trigger} before insert or update on {table.Sql} for each row{when} execute function {function}",
            $"alter table {table.Sql} enable always trigger {trigger}",
        ];
    }

    public static IReadOnlyList<string> Remove(TableName table, string name) =>
    [
        $"drop trigger if exists {Identifier.Quote(name)} on {table.Sql}",
        $"drop function if exists coordinator.{Identifier.Quote(name)}()",
        $"delete from coordinator.sync_trigger where trigger_name = {Literal(name)}",
    ];

    /// <summary>Records the trigger as it is now; every batch compares with this.</summary>
    public static string Register(TableName table, string name, string migration, string step) =>
        $"""
        insert into coordinator.sync_trigger (migration, step, table_oid, trigger_name, function_name, function_hash, condition_hash)
        select {Literal(migration)}, {Literal(step)}, t.tgrelid, t.tgname, {Literal(name)},
               pg_catalog.md5(pg_catalog.pg_get_functiondef(t.tgfoid)), coordinator.trigger_condition(t.oid)
          from pg_catalog.pg_trigger as t
         where t.tgrelid = pg_catalog.to_regclass({Literal(table.Sql)}) and t.tgname = {Literal(name)}
        on conflict (migration, trigger_name) do update
           set step = excluded.step, table_oid = excluded.table_oid, function_name = excluded.function_name,
               function_hash = excluded.function_hash, condition_hash = excluded.condition_hash
        """;

    /// <summary>A string constant that means the same whatever standard_conforming_strings says.</summary>
    public static string Literal(string value)
    {
        var quoted = $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";
        return quoted.Contains('\\', StringComparison.Ordinal)
            ? " E" + quoted.Replace("\\", "\\\\", StringComparison.Ordinal)
            : quoted;
    }

    private static string Settings(FunctionSettings settings) => settings switch
    {
        FunctionSettings.None => "",
        FunctionSettings.SearchPath => SearchPath,
        _ => SearchPath + FixedFormats,
    };
}
