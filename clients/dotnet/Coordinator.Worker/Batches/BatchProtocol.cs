using System.Globalization;
using System.Text;
using Coordinator.Worker.Handlers;
using Npgsql;
using NpgsqlTypes;

namespace Coordinator.Worker.Batches;

/// <summary>
/// The statements of the batch protocol in their order. All state is the transaction's own (local settings, transaction
/// locks), so they work behind a pooler in transaction mode.
/// </summary>
internal static class BatchProtocol
{
    /// <summary>The first column's name in the one result of each message that is more than a guard's silence.</summary>
    public const string AnswerColumn = "answer";

    private const int MaxApplicationNameBytes = 63;

    private const string Part = "coordinator_part";

    /// <summary>
    /// How many rows of one batch may go into quarantine. With more it is not the rows: the statement is wrong, and a
    /// quarantine of a whole table helps nobody.
    /// </summary>
    public const int MostBadRows = 100;

    /// <summary>The settings are local: they end with the transaction and never reach the pool.</summary>
    private const string Settings =
        """
        select set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true),
               set_config('idle_in_transaction_session_timeout', $3, true), set_config('application_name', $4, true),
               set_config('synchronous_commit', 'on', true),
               -- what an expression's text form of a value depends on; the sync trigger's function has the same
               set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, MDY', true),
               set_config('intervalstyle', 'postgres', true), set_config('extra_float_digits', '1', true)
        """;

    private static NpgsqlBatchCommand Begin => new("begin isolation level read committed");

    private static NpgsqlBatchCommand Commit => new("commit");

    private static NpgsqlBatchCommand Rollback => new("rollback");

    /// <summary>The batch itself. The one statement that changes data stands behind every guard.</summary>
    public static IReadOnlyList<NpgsqlBatchCommand> Batch(BatchGrant grant) =>
    [
        .. Guards(grant),
        Command(
            grant.Key.Count == 0 ? Apply("apply_batch($6, $7, $8)") : Apply("apply_key_batch($1, $2, $3, $6, $7, $8)"),
            Text(grant.Migration), Text(grant.Step), Number(grant.Batch), Number(grant.Epoch), Uuid(grant.LeaseId),
            Text(grant.Statement), Number(grant.Lo), Number(grant.Hi)),
        Commit,
    ];

    /// <summary>The same batch, around the rows that can't be changed: they are put into quarantine by its transaction.</summary>
    public static IReadOnlyList<NpgsqlBatchCommand> Bisect(BatchGrant grant) =>
    [
        .. Guards(grant),
        Command(
            grant.Key.Count == 0
                ? Search("bisect_batch($1, $2, $9, $6, $7, $8, $10)")
                : Search("bisect_key_batch($1, $2, $3, $9, $11, $12, $6, $7, $8, $10)"),
            [
                Text(grant.Migration), Text(grant.Step), Number(grant.Batch), Number(grant.Epoch), Uuid(grant.LeaseId),
                Text(grant.Statement), Number(grant.Lo), Number(grant.Hi), Text(grant.Table),
                new NpgsqlParameter<int> { TypedValue = MostBadRows },
                .. grant.Key.Count == 0
                    ? []
                    : (NpgsqlParameter[])[Texts(grant.Key.Select(column => column.Name)), Texts(grant.Key.Select(column => column.Type))],
            ]),
        Commit,
    ];

    /// <summary>
    /// The beginning of a batch whose work is a handler's; answers with the transaction, and with the keys between which it works.
    /// </summary>
    public static IReadOnlyList<NpgsqlBatchCommand> Claim(BatchGrant grant) =>
    [
        .. Guards(grant),
        grant.Key.Count == 0
            ? Command("select pg_current_xact_id()::text as answer, null::text[], null::text[]")
            : Command(
                "select pg_current_xact_id()::text as answer, b.lower_key, b.upper_key from coordinator.key_bounds($1, $2, $3, $4, $5) as b",
                Text(grant.Migration), Text(grant.Step), Number(grant.Batch), Number(grant.Lo), Number(grant.Hi)),
    ];

    /// <summary>Its end, behind what the handler did.</summary>
    public static IReadOnlyList<NpgsqlBatchCommand> Finish(BatchGrant grant, long rows) =>
    [
        Command(
            """
            select $6::bigint as answer, pg_current_xact_id()::text, clock_timestamp() - transaction_timestamp(),
                   coordinator.finish_batch($1, $2, $3, $4, $5, $6)
            """,
            Text(grant.Migration), Text(grant.Step), Number(grant.Batch), Number(grant.Epoch), Uuid(grant.LeaseId),
            Number(rows)),
        Commit,
    ];

    /// <summary>
    /// Behind <see cref="Claim"/>, for a batch whose bad rows are looked for; answers with what makes up the key of a row <c>t</c>,
    /// as the arguments of jsonb_build_object. <c>coordinator.key_of_row</c> makes the same key, but for one row at a time, which
    /// takes too long for all of a batch. A constraint that is checked at the commit would fail there, where no row is to blame any
    /// more; a key is the same text whatever the role's settings are.
    /// </summary>
    public static IReadOnlyList<NpgsqlBatchCommand> KeyColumns(BatchGrant grant) =>
    [
        new("set constraints all immediate"),
        new("select set_config('bytea_output', 'hex', true)"),
        grant.Key.Count > 0
            ? Command(
                """
                select string_agg(format('%L, t.%I', c.name, c.name), ', ' order by c.place) as answer
                  from unnest($1) with ordinality as c(name, place)
                """,
                Texts(grant.Key.Select(column => column.Name)))
            : Command(
                """
                select coalesce(
                         string_agg(format('%L, t.%I', a.attname, a.attname), ', ' order by a.attnum),
                         format('''ctid'', t.ctid::text, ''blocks'', jsonb_build_array(%s, %s)', $2, $3)) as answer
                  from pg_catalog.pg_index as i
                  join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
                 where i.indrelid = to_regclass($1) and i.indisprimary
                """,
                Text(grant.Table), Number(grant.Lo), Number(grant.Hi)),
    ];

    /// <summary>Locks the batch's rows, so that nobody moves them, and answers with the place, the key and the table of each.</summary>
    public static IReadOnlyList<NpgsqlBatchCommand> LockRows(BatchGrant grant, RowSpan whole, string keyColumns) =>
    [
        Command(
            $"""
            with locked as materialized (
              select t.tableoid as part, t.ctid as place, jsonb_build_object({keyColumns})::text as key
                from {(grant.Key.Count > 0 ? "" : "only ")}{grant.Table} as t
               where {whole.Condition("t")} for no key update)
            select l.place::text as answer, l.key, l.part from locked as l order by l.part, l.place
            """),
    ];

    /// <summary>Before a part of the batch that may be undone. The savepoint is the worker's: a handler controls none.</summary>
    public static IReadOnlyList<NpgsqlBatchCommand> BeginPart => [new($"savepoint {Part}")];

    /// <summary>Keeps the part.</summary>
    public static IReadOnlyList<NpgsqlBatchCommand> EndPart =>
        [new("set constraints all immediate"), new($"release savepoint {Part}")];

    /// <summary>As if the part had not been.</summary>
    public static IReadOnlyList<NpgsqlBatchCommand> UndoPart =>
        [new($"rollback to savepoint {Part}"), new($"release savepoint {Part}")];

    /// <summary>Puts a row into quarantine, inside the batch.</summary>
    public static IReadOnlyList<NpgsqlBatchCommand> Quarantine(BatchGrant grant, string key, string sqlState, string message) =>
    [
        Command(
            "select coordinator.quarantine_row($1, $2, $3, $4, $5, $6)",
            Text(grant.Migration), Text(grant.Step), Text(grant.Table), Text(key), Text(sqlState), Text(message)),
    ];

    /// <summary>The claim of a later holder, committed before its batch.</summary>
    public static IReadOnlyList<NpgsqlBatchCommand> Raise(BatchGrant grant) =>
    [
        Begin,
        Set(grant),
        EnterFence(grant),
        CheckFence(grant),
        Command(
            "select coordinator.raise_batch($1, $2, $3, $4, $5, $6, $7) as answer",
            Text(grant.Migration), Text(grant.Step), Number(grant.Batch), Number(grant.Lo), Number(grant.Hi),
            Number(grant.Epoch), Uuid(grant.LeaseId)),
        Commit,
    ];

    /// <summary>
    /// What the ledger says, and which server said it; a standby can't lock the row and fails, as it should: only a
    /// primary knows.
    /// </summary>
    public static IReadOnlyList<NpgsqlBatchCommand> Read(BatchGrant grant) =>
    [
        Begin,
        Set(grant),
        Command(
            """
            select (select c.system_identifier from pg_control_system() as c) as answer,
                   substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), l.state, l.epoch, l.lease_id, l.rows, l.xid::text
              from (select) as always left join coordinator.read_batch($1, $2, $3) as l on true
            """,
            Text(grant.Migration), Text(grant.Step), Number(grant.Batch)),
        // Not a commit: having locked a row, that would wait for the very standby that the batch's own commit waits for.
        Rollback,
    ];

    private static string Apply(string function) =>
        $"""
        select applied.n as answer, pg_current_xact_id()::text, 0::bigint, coordinator.finish_batch($1, $2, $3, $4, $5, applied.n),
               clock_timestamp() - transaction_timestamp()
          from coordinator.{function} as applied (n)
        """;

    private static string Search(string function) =>
        $"""
        select applied.applied_rows as answer, pg_current_xact_id()::text, applied.bad_rows,
               coordinator.finish_batch($1, $2, $3, $4, $5, applied.applied_rows)
          from coordinator.{function} as applied
        """;

    private static IEnumerable<NpgsqlBatchCommand> Guards(BatchGrant grant) =>
    [
        Begin,
        Set(grant),
        EnterFence(grant),
        CheckFence(grant),
        Command(
            "select coordinator.claim_batch($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            Text(grant.Migration), Text(grant.Step), Number(grant.Batch), Number(grant.Lo), Number(grant.Hi),
            Number(grant.Epoch), Uuid(grant.LeaseId), Text(grant.TriggerTable), Text(grant.TriggerName)),
    ];

    private static NpgsqlBatchCommand Set(BatchGrant grant) =>
        Command(
            Settings,
            Text(Milliseconds(grant.LockTimeout)),
            Text(Milliseconds(grant.StatementTimeout)),
            Text(Milliseconds(grant.StatementTimeout)),
            Text(ApplicationName(grant)));

    private static NpgsqlBatchCommand EnterFence(BatchGrant grant) =>
        Command("select coordinator.enter_fence($1)", Text(grant.Migration));

    /// <summary>A statement of its own: its snapshot must be younger than the fence's lock.</summary>
    private static NpgsqlBatchCommand CheckFence(BatchGrant grant) =>
        Command(
            "select coordinator.check_fence($1, $2, $3, $4)",
            Text(grant.Migration), Number(grant.Generation), Number(grant.SystemIdentifier), Text(grant.Timeline));

    private static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        return command;
    }

    private static NpgsqlParameter Text(string? value) =>
        new() { Value = value ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    private static NpgsqlParameter<string[]> Texts(IEnumerable<string> values) => new() { TypedValue = [.. values] };

    private static NpgsqlParameter<long> Number(long value) => new() { TypedValue = value };

    private static NpgsqlParameter<Guid> Uuid(Guid value) => new() { TypedValue = value };

    private static string Milliseconds(TimeSpan span) =>
        Math.Max(1, (long)span.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);

    private static string ApplicationName(BatchGrant grant)
    {
        var name = string.Create(
            CultureInfo.InvariantCulture,
            $"coordinator-worker {grant.Migration}/{grant.Step}/{grant.Batch}#{grant.Epoch}");
        while (Encoding.UTF8.GetByteCount(name) > MaxApplicationNameBytes)
        {
            name = name[..^1];
        }

        return name;
    }
}
