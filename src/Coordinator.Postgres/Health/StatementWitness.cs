using System.Text.RegularExpressions;
using Coordinator.Postgres.Catalog;
using Npgsql;

namespace Coordinator.Postgres.Health;

/// <summary>
/// Reads from <c>pg_stat_statements</c> what ran that names a table and a column of it. It goes by the text: a statement that names
/// both for another reason is in the list, and one that reaches the column through a view, a function or <c>*</c> is not. Left out are
/// the reading role and those that the caller ignores. The statistics are read, never reset.
/// </summary>
public static partial class StatementWitness
{
    private const string Extension =
        """
        select quote_ident(n.nspname)
        from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
        where e.extname = 'pg_stat_statements'
        """;

    private const string CanSeeAll = "select pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'usage')";

    /// <summary>Reads the statements that name the table and the column.</summary>
    public static async Task<StatementReport> ReadAsync(
        NpgsqlDataSource source,
        TableName table,
        string column,
        IReadOnlyList<string> ignoredRoles,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(ignoredRoles);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        if (await connection.ScalarAsync<string>(Extension, [], cancellationToken) is not { } schema)
        {
            return Blind("the extension pg_stat_statements is not installed in that database");
        }

        if (!await connection.ScalarAsync<bool>(CanSeeAll, [], cancellationToken))
        {
            return Blind("Coordinator's role lacks pg_read_all_stats there");
        }

        if (await connection.ScalarAsync<string>("select current_setting('pg_stat_statements.track', true)", [], cancellationToken) == "none")
        {
            return Blind("pg_stat_statements.track is none");
        }

        try
        {
            return await ReadAsync(connection, schema, table, column, ignoredRoles, cancellationToken);
        }
        catch (PostgresException notLoaded) when (notLoaded.SqlState == PostgresErrorCodes.ObjectNotInPrerequisiteState)
        {
            return Blind("pg_stat_statements is not in that server's shared_preload_libraries");
        }
    }

    private static async Task<StatementReport> ReadAsync(
        NpgsqlConnection connection,
        string schema,
        TableName table,
        string column,
        IReadOnlyList<string> ignoredRoles,
        CancellationToken cancellationToken)
    {
        var epoch = await connection.ScalarAsync<string>(
            $"select concat_ws('|', dealloc, stats_reset) from {schema}.pg_stat_statements_info", [], cancellationToken);
        var statements = await connection.QueryAsync(
            $"""
            select concat_ws('|', s.userid, s.queryid, s.toplevel), coalesce(r.rolname::text, s.userid::text),
                   left(regexp_replace(s.query, '\s+', ' ', 'g'), 200), s.calls
            from {schema}.pg_stat_statements s
            left join pg_catalog.pg_roles r on r.oid = s.userid
            where s.dbid = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
              and coalesce(r.rolname <> current_user and r.rolname <> all ($3), true)
              and s.query ~* $1 and s.query ~* $2
            """,
            [Word(table.Name), Word(column), ignoredRoles.ToArray()],
            row => (Key: row.GetString(0), Calls: new StatementCalls(row.GetString(1), row.GetString(2), row.GetInt64(3))),
            cancellationToken);
        return new StatementReport(true, null, epoch!, statements.ToDictionary(entry => entry.Key, entry => entry.Calls, StringComparer.Ordinal));
    }

    private static StatementReport Blind(string why) =>
        new(false, why, "", new Dictionary<string, StatementCalls>(StringComparer.Ordinal));

    // In PostgreSQL's regular expressions a backslash takes the meaning from anything but letters and digits.
    private static string Word(string name) =>
        $"(^|[^[:alnum:]_]){NotWord().Replace(name, @"\$0")}($|[^[:alnum:]_])";

    [GeneratedRegex(@"[\x00-\x7F-[A-Za-z0-9_]]")]
    private static partial Regex NotWord();
}
