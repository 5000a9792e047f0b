using System.Globalization;
using System.Text.RegularExpressions;
using Coordinator.Domain.Catalog;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Operations;

/// <summary>
/// Renames a column by way of a second one. Expand adds the new column, nullable and without a default (a default would hide "not
/// supplied" from the sync trigger), with the privileges that the new version will need. Migrate fills, verifies, and builds what the
/// old column carried. Contract, in one transaction that touches the catalogue only, drops the old side and hands over default,
/// NOT NULL (the validated check spares the scan) and comment.
/// </summary>
internal sealed partial class RenameColumnOperation(OperationSpec.RenameColumn spec) : IOperation
{
    private readonly TableRef _table = spec.Target;

    public IReadOnlyList<TableRef> Tables => [_table];

    public IReadOnlyList<ColumnRef> Replaces => [new ColumnRef(_table, spec.From)];

    // Not a field: an operation is also made of malformed names, to say which tables it means.
    private string Alter => $"alter table {_table.Sql}";

    public OperationPlan? Compile(OperationContext context)
    {
        var before = context.Report.Errors.Count;
        var table = TablePreconditions.Find(_table, context, context.Report.At("table"));
        var column = table is null ? null : RenameColumnPreconditions.Check(spec, table, context);
        return table is null || column is null || context.Report.Errors.Count > before ? null : Build(table, column, context);
    }

    private OperationPlan Build(TableInfo table, ColumnInfo column, OperationContext context)
    {
        var sync = SyncDefinition.Create(_table, spec.From, spec.To, ColumnComparison.NeedsText(column)) with { SameType = true };
        var indexes = table.Indexes
            .Where(i => i.IsValid && RenameColumnPreconditions.Covers(i, spec.From))
            .OrderBy(static i => i.Name, StringComparer.Ordinal)
            .Select(i => CarriedIndex.Create(_table, i, spec.From, spec.To))
            .ToList();
        var check = column.NotNull ? ObjectNames.NotNullCheck(_table, spec.To) : null;
        IReadOnlyList<PlanStep> expand = [AddColumn(column, context), InstallSync(sync, context)];
        IReadOnlyList<PlanStep> migrate =
        [
            .. check is null ? [] : new[] { AddCheck(check, context) },
            .. Fill(table, sync, context),
            .. indexes.Select((index, i) => BuildIndex(index, i + 1, context)),
            .. check is null ? [] : new[] { ValidateCheck(check, context) },
        ];
        return new OperationPlan
        {
            Expand = expand,
            Migrate = migrate,
            Contract = Contract(column, sync, check, indexes, context),
            Rollback = Rollback(sync, [.. expand.Concat(migrate).Select(static s => s.Id)], context),
            Warnings = RenameColumnPreconditions.Warnings(spec, table),
        };
    }

    private PlanStep.Ddl AddColumn(ColumnInfo column, OperationContext context)
    {
        var to = SqlIdentifier.Quote(spec.To);
        var collation = column.Collation is null ? "" : $" collate {column.Collation}";
        var grants = column.Grants.Select(g => CarriedGrant.Statement(_table, spec.To, g)).OfType<string>();
        return new PlanStep.Ddl
        {
            Id = context.StepId("expand", "add-column"),
            Phase = Phase.Expand,
            Description = $"add column {spec.To} to {_table}",
            Table = _table,
            Statements = [$"{Alter} add column {to} {column.Type}{collation}", .. ColumnSettings(column, to), .. grants],
            Before = [new Check.ColumnExists(_table, spec.From, column.Type), new Check.ColumnAbsent(_table, spec.To)],
            After =
            [
                new Check.ColumnExists(_table, spec.To, column.Type),
                new Check.ColumnNullable(_table, spec.To),
                new Check.ColumnDefault(_table, spec.To, null),
                new Check.ColumnGrants(_table, spec.To, column.Grants),
            ],
        };
    }

    private IEnumerable<string> ColumnSettings(ColumnInfo column, string to)
    {
        if (column.StatisticsTarget is { } target)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{Alter} alter column {to} set statistics {target}");
        }

        if (column.Storage is "plain" or "external" or "extended" or "main")
        {
            yield return $"{Alter} alter column {to} set storage {column.Storage}";
        }

        if (column.Compression is "pglz" or "lz4")
        {
            yield return $"{Alter} alter column {to} set compression {column.Compression}";
        }

        foreach (var option in column.Options.Where(static o => ColumnOption().IsMatch(o)))
        {
            yield return $"{Alter} alter column {to} set ({option})";
        }
    }

    [GeneratedRegex(@"\An_distinct(_inherited)?=-?[0-9.]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex ColumnOption();

    private static PlanStep.InstallSync InstallSync(SyncDefinition sync, OperationContext context) => new()
    {
        Id = context.StepId("expand", "install-sync"),
        Phase = Phase.Expand,
        Description = $"keep {sync.OldColumn} and {sync.NewColumn} of {sync.Table} in sync",
        Sync = sync,
    };

    // The sync trigger keeps new in step with old, and old is NOT NULL: no writer of either version can fail on the check.
    private PlanStep.Ddl AddCheck(string check, OperationContext context) => new()
    {
        Id = context.StepId("migrate", "add-check"),
        Phase = Phase.Migrate,
        Description = $"ask of new rows that {spec.To} of {_table} is not null",
        Table = _table,
        Statements =
        [
            $"{Alter} add constraint {SqlIdentifier.Quote(check)} check ({SqlIdentifier.Quote(spec.To)} {NotNullCheck.Condition}) not valid",
        ],
        Before = [new Check.ConstraintAbsent(_table, check)],
        After = [new Check.ConstraintExists(_table, check)],
    };

    private IEnumerable<PlanStep> Fill(TableInfo table, SyncDefinition sync, OperationContext context)
    {
        var (from, to) = (SqlIdentifier.Quote(spec.From), SqlIdentifier.Quote(spec.To));
        var disagree = $"not {sync.AgreeSql(from, to)}";
        var up = SyncDefinition.Apply(sync.Up, from);
        yield return new PlanStep.Backfill
        {
            Id = context.StepId("migrate", "backfill"),
            Phase = Phase.Migrate,
            Description = $"fill {spec.To} of {_table} from {spec.From}",
            Table = _table,
            Statement = $"update {_table.Sql} set {to} = {up} where ctid >= $1 and ctid < $2 and {disagree}",
            Disagree = disagree,
            TriggerName = sync.TriggerName,
            PerPartition = table.IsPartitioned,
            Sweepable = true,
        };
        yield return new PlanStep.Verify
        {
            Id = context.StepId("migrate", "verify"),
            Phase = Phase.Migrate,
            Description = $"verify that {spec.From} and {spec.To} of {_table} agree in every row",
            Table = _table,
            Disagree = disagree,
            PerPartition = table.IsPartitioned,
        };
    }

    private PlanStep.CreateIndex BuildIndex(CarriedIndex index, int number, OperationContext context) => new()
    {
        Id = context.StepId("migrate", string.Create(CultureInfo.InvariantCulture, $"index-{number}")),
        Phase = Phase.Migrate,
        Description = $"build index {index.Name} on {_table} in place of {index.Replaces}",
        Table = _table,
        IndexName = index.Name,
        Statement = index.Statement,
    };

    private PlanStep.ValidateConstraint ValidateCheck(string check, OperationContext context) => new()
    {
        Id = context.StepId("migrate", "validate-check"),
        Phase = Phase.Migrate,
        Description = $"validate that {spec.To} of {_table} is not null",
        Table = _table,
        Constraint = check,
        Statement = $"{Alter} validate constraint {SqlIdentifier.Quote(check)}",
    };

    private PlanStep.Contract Contract(
        ColumnInfo column,
        SyncDefinition sync,
        string? check,
        List<CarriedIndex> indexes,
        OperationContext context)
    {
        var to = SqlIdentifier.Quote(spec.To);
        List<string> statements = [$"{Alter} drop column {SqlIdentifier.Quote(spec.From)}"];
        if (column.Default is not null)
        {
            statements.Add($"{Alter} alter column {to} set default {column.Default}");
        }

        if (check is not null)
        {
            // Two statements: SET NOT NULL does not lean on a check that the same command drops.
            statements.Add($"{Alter} alter column {to} set not null");
            statements.Add($"{Alter} drop constraint {SqlIdentifier.Quote(check)}");
        }

        if (column.Comment is not null)
        {
            statements.Add($"comment on column {_table.Sql}.{to} is {SqlLiteral.Quote(column.Comment)}");
        }

        return new PlanStep.Contract
        {
            Id = context.StepId("contract", "drop-column"),
            Phase = Phase.Contract,
            Description = $"drop column {spec.From} of {_table}",
            Table = _table,
            RemovesSync = [sync],
            Statements = statements,
            Before =
            [
                new Check.ColumnExists(_table, spec.From, column.Type),
                new Check.ColumnExists(_table, spec.To, column.Type),
                new Check.TriggerEnabled(_table, sync.TriggerName),
                .. check is null ? [] : new Check[] { new Check.ConstraintValid(_table, check) },
                .. indexes.Select(i => new Check.IndexValid(_table, i.Name)),
            ],
            After = AfterContract(column, sync, check, indexes),
            WriteProbe = WriteProbe.For(_table, spec.To),
        };
    }

    private IReadOnlyList<Check> AfterContract(ColumnInfo column, SyncDefinition sync, string? check, List<CarriedIndex> indexes) =>
    [
        new Check.ColumnAbsent(_table, spec.From),
        new Check.TriggerAbsent(_table, sync.TriggerName),
        column.NotNull ? new Check.ColumnNotNull(_table, spec.To) : new Check.ColumnNullable(_table, spec.To),
        new Check.ColumnDefault(_table, spec.To, column.Default),
        new Check.ColumnComment(_table, spec.To, column.Comment),
        new Check.ColumnGrants(_table, spec.To, column.Grants),
        .. check is null ? [] : new Check[] { new Check.ConstraintAbsent(_table, check) },
        .. indexes.Select(i => new Check.IndexValid(_table, i.Name)),
    ];

    private PlanStep.Uninstall Rollback(SyncDefinition sync, IReadOnlyList<string> undoes, OperationContext context) => new()
    {
        Id = context.StepId("rollback", "drop-column"),
        Phase = Phase.Expand,
        Description = $"drop column {spec.To} of {_table} again, with its indexes and its check",
        Table = _table,
        Undoes = undoes,
        RemovesSync = [sync],
        Statements = [$"{Alter} drop column if exists {SqlIdentifier.Quote(spec.To)}"],
        After = [new Check.ColumnAbsent(_table, spec.To), new Check.TriggerAbsent(_table, sync.TriggerName)],
    };
}
