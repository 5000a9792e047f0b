using Coordinator.Domain.Plans;
using Coordinator.Postgres.Catalog;
using Npgsql;

namespace Coordinator.Engine.Driving;

/// <summary>Looks whether the catalogue is as a step needs it or left it; drift stops the migration with a clear reason.</summary>
internal static class CheckRunner
{
    /// <summary>The first problem, in words; null when all checks hold.</summary>
    public static async Task<string?> FirstProblemAsync(
        NpgsqlDataSource target, IReadOnlyList<Check> checks, CancellationToken cancellationToken)
    {
        foreach (var check in checks)
        {
            if (await RunAsync(target, check, cancellationToken) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    private static Task<string?> RunAsync(NpgsqlDataSource target, Check check, CancellationToken cancellationToken)
    {
        var table = new TableName(check.Table.Schema, check.Table.Name);
        return check switch
        {
            Check.ColumnExists c => CatalogCheck.ColumnExistsAsync(target, table, c.Column, c.Type, cancellationToken),
            Check.ColumnAbsent c => CatalogCheck.ColumnAbsentAsync(target, table, c.Column, cancellationToken),
            Check.ColumnNotNull c => CatalogCheck.ColumnNotNullAsync(target, table, c.Column, cancellationToken),
            Check.ColumnNullable c => CatalogCheck.ColumnNullableAsync(target, table, c.Column, cancellationToken),
            Check.ColumnDefault c => CatalogCheck.ColumnDefaultAsync(target, table, c.Column, c.Expression, cancellationToken),
            Check.ColumnComment c => CatalogCheck.ColumnCommentAsync(target, table, c.Column, c.Comment, cancellationToken),
            Check.ColumnGrants c => CatalogCheck.ColumnGrantsAsync(target, table, c.Column, c.Grants, cancellationToken),
            Check.ConstraintExists c => CatalogCheck.ConstraintExistsAsync(target, table, c.Constraint, cancellationToken),
            Check.ConstraintValid c => CatalogCheck.ConstraintValidAsync(target, table, c.Constraint, cancellationToken),
            Check.ConstraintAbsent c => CatalogCheck.ConstraintAbsentAsync(target, table, c.Constraint, cancellationToken),
            Check.IndexValid c => CatalogCheck.IndexValidAsync(target, table, c.Index, cancellationToken),
            Check.TriggerEnabled c => CatalogCheck.TriggerEnabledAsync(target, table, c.Trigger, cancellationToken),
            Check.TriggerAbsent c => CatalogCheck.TriggerAbsentAsync(target, table, c.Trigger, cancellationToken),
            _ => throw new ArgumentOutOfRangeException(nameof(check), check.GetType().Name, "A plan of a newer Coordinator."),
        };
    }
}
