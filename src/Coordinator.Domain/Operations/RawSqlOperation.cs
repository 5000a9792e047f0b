using Coordinator.Domain.Catalog;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;
using Coordinator.Domain.Sql;

namespace Coordinator.Domain.Operations;

/// <summary>
/// An operator's own statements, one per part. Coordinator gives them locks with a budget, batches, the gate and the way back; what
/// they do to the application is the operator's word. They run inside a function, where PostgreSQL refuses transaction control.
/// </summary>
internal sealed class RawSqlOperation(OperationSpec.RawSql spec) : IOperation
{
    private readonly TableRef? _table = spec.Table is null ? null : TableRef.Parse(spec.Table, null);
    private readonly TableRef? _filled = spec.Backfill is null ? null : TableRef.Parse(spec.Backfill.Table, null);

    public IReadOnlyList<TableRef> Tables => [.. new[] { _table, _filled }.OfType<TableRef>().Distinct()];

    public IReadOnlyList<ColumnRef> Replaces => [];

    public OperationPlan? Compile(OperationContext context)
    {
        var before = context.Report.Errors.Count;
        var key = FindKey(context, out var whyBlocks);
        CheckTables(context, key);
        return context.Report.Errors.Count > before ? null : Build(context, key, whyBlocks);
    }

    // A row that the application updates stays in its range of keys, and may leave its range of blocks; so keys, where there are any.
    private IReadOnlyList<KeyColumn>? FindKey(OperationContext context, out string whyBlocks)
    {
        whyBlocks = "";
        if (spec.Backfill is not { } backfill || _filled is null || backfill.By is RangeKind.Blocks)
        {
            whyBlocks = "as it says";
            return null;
        }

        var asked = backfill.By is RangeKind.Key || backfill.Key is not null;
        if (context.Catalog.Find(_filled) is not { } table)
        {
            whyBlocks = "because the table is not there yet";
            if (asked && spec.Expand is not null)
            {
                context.Report.At("backfill.key").Add(
                    "RANGE_KEY_UNKNOWN",
                    $"Table {_filled} is not there yet, so its key can't be looked at.",
                    "Create the table before, or write by: blocks.");
            }

            return null;
        }

        var key = RangeKey.Find(table, backfill.Key, out var defect);
        if (defect is not null && asked)
        {
            context.Report.At(backfill.Key is null ? "backfill.by" : "backfill.key").Add(defect.Code, defect.Message, defect.Remedy);
        }

        whyBlocks = defect is null ? "" : $"because {char.ToLowerInvariant(defect.Message[0])}{defect.Message[1..].TrimEnd('.')}";
        return key;
    }

    // A table that expand creates is not there yet; without an expand part it must be.
    private void CheckTables(OperationContext context, IReadOnlyList<KeyColumn>? key)
    {
        foreach (var (table, place) in new[] { (_table, "table"), (_filled, "backfill.table") })
        {
            if (table is null)
            {
                continue;
            }

            var found = context.Catalog.Find(table);
            if (found is null && spec.Expand is null)
            {
                context.Report.At(place).Add(
                    "TABLE_NOT_FOUND", $"There is no table {table} in the target.", "Check the name, its schema, and upper and lower case.");
            }
            else if (found is not null && place == "backfill.table" && (!HasRows(found, key) || found.IsTemporary))
            {
                context.Report.At(place).Add(
                    found.IsPartitioned ? "TABLE_PARTITIONED" : "NOT_A_TABLE",
                    $"{table} is not an ordinary table, so its rows can't be handed out by block.",
                    found.IsPartitioned
                        ? "Hand its rows out by key, name an ordinary table, or a single partition."
                        : "Name an ordinary table, or a single partition.");
            }
        }
    }

    // A key is the whole table's, whatever partition a row is in.
    private static bool HasRows(TableInfo table, IReadOnlyList<KeyColumn>? key) => table.Kind == "r" || (table.Kind == "p" && key is not null);

    private OperationPlan Build(OperationContext context, IReadOnlyList<KeyColumn>? key, string whyBlocks)
    {
        IReadOnlyList<PlanStep> expand = spec.Expand is null ? [] : [Expand(spec.Expand, context)];
        IReadOnlyList<PlanStep> migrate = spec.Backfill is null || _filled is null ? [] : [.. Fill(spec.Backfill, _filled, key, context)];
        return new OperationPlan
        {
            Expand = expand,
            Migrate = migrate,
            Contract = spec.Contract is null ? null : Contract(spec.Contract, context),
            Rollback = spec.Rollback is null
                ? null
                : Rollback(spec.Rollback, [.. expand.Concat(migrate).Select(static s => s.Id)], context),
            Warnings = [.. Warnings(context, key, whyBlocks)],
        };
    }

    private PlanStep.Ddl Expand(string sql, OperationContext context) => new()
    {
        Id = context.StepId("expand", "sql"),
        Phase = Phase.Expand,
        Description = "run the operator's expand statement",
        Table = _table,
        Statements = [SqlRules.Trim(sql)],
        InFunction = true,
    };

    private static IEnumerable<PlanStep> Fill(
        RawBackfill backfill, TableRef table, IReadOnlyList<KeyColumn>? key, OperationContext context)
    {
        yield return new PlanStep.Backfill
        {
            Id = context.StepId("migrate", "backfill"),
            Phase = Phase.Migrate,
            Description = backfill.Handler is { } name ? $"run handler {name} over {table}" : $"run the operator's backfill of {table}",
            Table = table,
            Statement = backfill.Sql is { } sql ? SqlRules.WithRange(sql, key) : $"handler {backfill.Handler}",
            Handler = backfill.Handler,
            Key = key,
            SweptStatement = backfill.Handler is null ? Swept(backfill.Sql!, table, key, context) : null,
            InFunction = true,
        };
        if (backfill.Verify is { } verify)
        {
            yield return new PlanStep.Verify
            {
                Id = context.StepId("migrate", "verify"),
                Phase = Phase.Migrate,
                Description = $"verify the operator's backfill of {table}",
                Table = table,
                CountQuery = SqlRules.WithRange(verify, key),
                CountsRange = SqlRules.HasRange(verify),
                MarksOf = key is not null && SqlRules.HasRange(verify) ? context.StepId("migrate", "backfill") : null,
            };
        }
    }

    // By the statement's text: a guess that is wrong costs time, and no row.
    private static string? Swept(string sql, TableRef table, IReadOnlyList<KeyColumn>? key, OperationContext context) =>
        context.Catalog.Find(table) is { } info
        && (key ?? RangeKey.Find(info, columns: null, out _)) is { } sweptBy
        && UpdateStatement.Read(sql) is { } update
        && update.Table == table
        && !update.Columns.Any(column => info.Indexes.Any(index => SqlRules.Mentions(index.Definition, column)))
            ? SqlRules.WithSweptRange(sql, key, sweptBy)
            : null;

    private PlanStep.Contract Contract(string sql, OperationContext context) => new()
    {
        Id = context.StepId("contract", "sql"),
        Phase = Phase.Contract,
        Description = "run the operator's contract statement",
        Table = _table,
        Statements = [SqlRules.Trim(sql)],
        InFunction = true,
    };

    private PlanStep.Uninstall Rollback(string sql, IReadOnlyList<string> undoes, OperationContext context) => new()
    {
        Id = context.StepId("rollback", "sql"),
        Phase = Phase.Expand,
        Description = "run the operator's rollback statement",
        Table = _table,
        Undoes = undoes,
        Statements = [SqlRules.Trim(sql)],
        InFunction = true,
    };

    private IEnumerable<string> Warnings(OperationContext context, IReadOnlyList<KeyColumn>? key, string whyBlocks)
    {
        if (spec.Backfill is { } backfill)
        {
            yield return $"Nothing keeps {backfill.Table} in step while {context.Report.Place} fills it: rows written meanwhile are only "
                + "right if the application writes both sides, or expand created a trigger.";
            if (key is null)
            {
                yield return $"Batches of {context.Report.Place} are blocks of the table, {whyBlocks}. An UPDATE of any column writes its row "
                    + "to another block: a row that is not filled yet, and is updated into a block that was done, is missed for ever, unless a "
                    + "trigger or the application fills every row that it writes. By a key no row is missed.";
            }

            if (backfill.Handler is { } handler)
            {
                yield return $"Batches of {context.Report.Place} go to workers that offer handler {handler}, and to no others. What it does "
                    + "in the target happens once; what it does elsewhere may happen again, so it needs the batch's idempotency key there.";
            }

            if (backfill.Verify is null)
            {
                yield return $"{context.Report.Place} has no verify query: the gate can't check that every row was filled.";
            }
        }
    }
}
