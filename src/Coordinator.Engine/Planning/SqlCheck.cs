using System.Globalization;
using Coordinator.Domain.Specs;
using Coordinator.Domain.Sql;
using Npgsql;

namespace Coordinator.Engine.Planning;

/// <summary>
/// Lets the target's own parser look at the SQL in a specification, without running any of it. The extended protocol
/// takes one statement a message, so a second one hidden behind a semicolon is found here.
/// </summary>
internal static class SqlCheck
{
    public static async Task<IReadOnlyList<SpecError>> RunAsync(
        NpgsqlDataSource target, MigrationSpec spec, CancellationToken cancellationToken)
    {
        var errors = new List<SpecError>();
        for (var index = 0; index < spec.Operations.Count; index++)
        {
            foreach (var (place, sql, complete) in Texts(spec.Operations[index]))
            {
                if (await PrepareAsync(target, sql, cancellationToken) is { } error && (complete || IsSyntax(error)))
                {
                    errors.Add(new SpecError(
                        string.Create(CultureInfo.InvariantCulture, $"operations[{index}].{place}"),
                        "INVALID_SQL",
                        $"PostgreSQL refuses it: {error.MessageText} ({error.SqlState})",
                        "Correct the SQL; one statement (or one expression) per part, without parameters of your own."));
                }
            }
        }

        return errors;
    }

    // Complete means that everything it names exists already; the parts of raw_sql may name what an earlier part creates.
    private static IEnumerable<(string Place, string Sql, bool Complete)> Texts(OperationSpec operation)
    {
        if (operation is OperationSpec.SetNotNull fill)
        {
            yield return ("set_not_null.fill", $"select ({fill.Fill}) from {fill.Target.Sql} where false", true);
        }
        else if (operation is OperationSpec.RawSql raw)
        {
            (string Place, string? Sql)[] parts =
            [
                ("expand", raw.Expand), ("contract", raw.Contract), ("rollback", raw.Rollback),
                ("backfill.sql", Unranged(raw.Backfill?.Sql)),
                ("backfill.verify", Unranged(raw.Backfill?.Verify)),
            ];
            foreach (var (place, sql) in parts.Where(part => part.Sql is not null))
            {
                yield return ($"raw_sql.{place}", sql!, false);
            }
        }
    }

    private static string? Unranged(string? sql) => sql is null ? null : RangePlaceholder.Without(sql);

    private static bool IsSyntax(PostgresException error) => error.SqlState == PostgresErrorCodes.SyntaxError;

    private static async Task<PostgresException?> PrepareAsync(
        NpgsqlDataSource target, string sql, CancellationToken cancellationToken)
    {
        await using var connection = await target.OpenConnectionAsync(cancellationToken);
        try
        {
#pragma warning disable CA2100 // The operator's own SQL: it is parsed here, not run.
            await using var batch = new NpgsqlBatch(connection) { BatchCommands = { new NpgsqlBatchCommand(sql) } };
#pragma warning restore CA2100
            await batch.PrepareAsync(cancellationToken);
            return null;
        }
        catch (PostgresException error)
        {
            return error;
        }
    }
}
