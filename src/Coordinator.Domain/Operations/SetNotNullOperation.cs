using Coordinator.Domain.Catalog;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;
using Coordinator.Domain.Sql;

namespace Coordinator.Domain.Operations;

/// <summary>
/// Makes a column NOT NULL while versions that still write NULL run. A trigger fills their NULLs from expand until contract; existing
/// rows are filled in batches; a check is validated without a strong lock, and SET NOT NULL leans on it instead of scanning.
/// </summary>
internal sealed class SetNotNullOperation(OperationSpec.SetNotNull spec) : IOperation
{
    private readonly TableRef _table = spec.Target;
    private readonly string _column = spec.Column;

    public IReadOnlyList<TableRef> Tables => [_table];

    public IReadOnlyList<ColumnRef> Replaces => [];

    // Not a field: an operation is also made of malformed names, to say which tables it means.
    private string Alter => $"alter table {_table.Sql}";

    public OperationPlan? Compile(OperationContext context)
    {
        var before = context.Report.Errors.Count;
        var table = TablePreconditions.Find(_table, context, context.Report.At("table"));
        if (table is not null)
        {
            Check(table, context.Report.At("column"));
        }

        return table is null || context.Report.Errors.Count > before ? null : Build(table, context);
    }

    private void Check(TableInfo table, SpecReport at)
    {
        var column = table.Column(_column);
        if (column is null)
        {
            at.Add(
                "COLUMN_NOT_FOUND",
                $"{_table} has no column {_column}.",
                $"Name one of its columns: {string.Join(", ", table.Columns.Take(20).Select(static c => c.Name))}.");
            return;
        }

        if (column.NotNull)
        {
            at.Add("ALREADY_NOT_NULL", $"Column {_column} of {_table} is NOT NULL already.", "Leave the operation out.");
        }

        if (column.IsGenerated)
        {
            at.Add("COLUMN_GENERATED", $"Column {_column} of {_table} is generated and can't be filled.", "Change its expression instead.");
        }

        TablePreconditions.ReportTriggerOrder(table, ObjectNames.FillTrigger(_table, _column), at);
    }

    private OperationPlan Build(TableInfo table, OperationContext context)
    {
        var fill = FillDefinition.Create(_table, _column, SqlRules.Trim(spec.Fill));
        var check = ObjectNames.NotNullCheck(_table, _column);
        IReadOnlyList<PlanStep> expand = [InstallFill(fill, context)];
        IReadOnlyList<PlanStep> migrate =
            [.. FillRows(table, fill, context), AddCheck(check, context), Validate(check, context), SetNotNull(check, context)];
        return new OperationPlan
        {
            Expand = expand,
            Migrate = migrate,
            Contract = Contract(fill, context),
            Rollback = Rollback(fill, check, [.. expand.Concat(migrate).Select(static s => s.Id)], context),
        };
    }

    private PlanStep.InstallFill InstallFill(FillDefinition fill, OperationContext context) => new()
    {
        Id = context.StepId("expand", "install-fill"),
        Phase = Phase.Expand,
        Description = $"fill NULLs that are written to {_column} of {_table}",
        Fill = fill,
    };

    private IEnumerable<PlanStep> FillRows(TableInfo table, FillDefinition fill, OperationContext context)
    {
        var column = SqlIdentifier.Quote(_column);
        var disagree = $"{column} is null";
        yield return new PlanStep.Backfill
        {
            Id = context.StepId("migrate", "backfill"),
            Phase = Phase.Migrate,
            Description = $"fill {_column} of {_table} where it is NULL",
            Table = _table,
            Statement = $"update {_table.Sql} set {column} = ({fill.Expression}) where ctid >= $1 and ctid < $2 and {disagree}",
            Disagree = disagree,
            TriggerName = fill.TriggerName,
            PerPartition = table.IsPartitioned,
            // By its text: an index that only has the name of the column costs nothing but the sweeps.
            Sweepable = !table.Indexes.Any(index => SqlRules.Mentions(index.Definition, _column)),
        };
        yield return new PlanStep.Verify
        {
            Id = context.StepId("migrate", "verify"),
            Phase = Phase.Migrate,
            Description = $"verify that {_column} of {_table} is NULL in no row",
            Table = _table,
            Disagree = disagree,
            PerPartition = table.IsPartitioned,
        };
    }

    private PlanStep.Ddl AddCheck(string check, OperationContext context) => new()
    {
        Id = context.StepId("migrate", "add-check"),
        Phase = Phase.Migrate,
        Description = $"ask of new rows that {_column} of {_table} is not null",
        Table = _table,
        Statements =
        [
            $"{Alter} add constraint {SqlIdentifier.Quote(check)} check ({SqlIdentifier.Quote(_column)} {NotNullCheck.Condition}) not valid",
        ],
        Before = [new Check.ColumnNullable(_table, _column), new Check.ConstraintAbsent(_table, check)],
        After = [new Check.ConstraintExists(_table, check)],
    };

    private PlanStep.ValidateConstraint Validate(string check, OperationContext context) => new()
    {
        Id = context.StepId("migrate", "validate-check"),
        Phase = Phase.Migrate,
        Description = $"validate that {_column} of {_table} is not null",
        Table = _table,
        Constraint = check,
        Statement = $"{Alter} validate constraint {SqlIdentifier.Quote(check)}",
    };

    // Two statements: SET NOT NULL does not lean on a check that the same command drops.
    private PlanStep.Ddl SetNotNull(string check, OperationContext context) => new()
    {
        Id = context.StepId("migrate", "set-not-null"),
        Phase = Phase.Migrate,
        Description = $"set {_column} of {_table} NOT NULL",
        Table = _table,
        Statements =
        [
            $"{Alter} alter column {SqlIdentifier.Quote(_column)} set not null",
            $"{Alter} drop constraint {SqlIdentifier.Quote(check)}",
        ],
        Before = [new Check.ConstraintValid(_table, check)],
        After = [new Check.ColumnNotNull(_table, _column), new Check.ConstraintAbsent(_table, check)],
    };

    private PlanStep.Contract Contract(FillDefinition fill, OperationContext context) => new()
    {
        Id = context.StepId("contract", "remove-fill"),
        Phase = Phase.Contract,
        Description = $"stop filling NULLs in {_column} of {_table}",
        Table = _table,
        RemovesFill = [fill],
        Before = [new Check.ColumnNotNull(_table, _column), new Check.TriggerEnabled(_table, fill.TriggerName)],
        After = [new Check.ColumnNotNull(_table, _column), new Check.TriggerAbsent(_table, fill.TriggerName)],
        WriteProbe = WriteProbe.For(_table, _column),
    };

    private PlanStep.Uninstall Rollback(FillDefinition fill, string check, IReadOnlyList<string> undoes, OperationContext context) => new()
    {
        Id = context.StepId("rollback", "allow-null"),
        Phase = Phase.Expand,
        Description = $"allow NULL in {_column} of {_table} again",
        Table = _table,
        Undoes = undoes,
        RemovesFill = [fill],
        Statements =
        [
            $"{Alter} alter column {SqlIdentifier.Quote(_column)} drop not null",
            $"{Alter} drop constraint if exists {SqlIdentifier.Quote(check)}",
        ],
        After =
        [
            new Check.ColumnNullable(_table, _column),
            new Check.ConstraintAbsent(_table, check),
            new Check.TriggerAbsent(_table, fill.TriggerName),
        ],
    };
}
