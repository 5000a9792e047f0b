namespace Coordinator.EventStore.Schema;

/// <summary>
/// The guard behind every stream row that an append takes. A pipelined message does not branch: after an update that
/// found no row the following statements would run and commit all the same. So the check has to raise, and everything
/// up to the commit is skipped, before a sequence number is drawn.
/// </summary>
internal static class RequireAppendFunction
{
    /// <summary>Our own schema, beside Marten's objects.</summary>
    public const string Schema = "coordinator";

    public const string Signature = "coordinator.require_append(text, text, bigint, bigint)";

    /// <summary>The stream is archived; the code that Marten's own append raises.</summary>
    public const string StreamArchived = "MT001";

    /// <summary>The stream is at another version, or missing; the code that Marten's own append raises.</summary>
    public const string VersionMismatch = "MT003";

    /// <summary>
    /// Volatile, so that the look at the row has a snapshot of its own and sees the commit that the update waited for.
    /// Which stream it was, and the version found, travel as HINT: Npgsql withholds DETAIL, and does not say which
    /// statement of a batch failed, unless the connection string allows it.
    /// </summary>
    public const string Body = """

        declare
            actual bigint;
            archived boolean;
        begin
            if p_taken is not null then
                return;
            end if;
            execute pg_catalog.format('select version, is_archived from %I.mt_streams where id = $1', p_schema)
               into actual, archived using p_key;
            if archived then
                raise exception using errcode = 'MT001', schema = p_schema, table = 'mt_streams',
                    hint = pg_catalog.format('%s %s', coalesce(actual, 0), p_key),
                    message = pg_catalog.format('stream "%s" is archived', p_key);
            end if;
            raise exception using errcode = 'MT003', schema = p_schema, table = 'mt_streams',
                hint = pg_catalog.format('%s %s', coalesce(actual, 0), p_key),
                message = pg_catalog.format('stream "%s" was expected at version %s but is at %s',
                                            p_key, p_expected, coalesce(actual, 0));
        end
        """;

    public const string Create = $"""
        create or replace function coordinator.require_append(p_schema text, p_key text, p_expected bigint, p_taken bigint)
        returns void language plpgsql volatile as $coordinator${Body}$coordinator$
        """;
}
