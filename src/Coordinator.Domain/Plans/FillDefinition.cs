namespace Coordinator.Domain.Plans;

/// <summary>
/// A trigger that turns a NULL in a column into a value on every INSERT and UPDATE. <see cref="Expression"/> is SQL over the row: columns
/// by their bare names, functions outside pg_catalog with their schema, since the trigger has a search path of its own.
/// </summary>
public sealed record FillDefinition
{
    public required TableRef Table { get; init; }

    public required string Column { get; init; }

    public required string Expression { get; init; }

    public required string TriggerName { get; init; }

    public static FillDefinition Create(TableRef table, string column, string expression) => new()
    {
        Table = table,
        Column = column,
        Expression = expression,
        TriggerName = ObjectNames.FillTrigger(table, column),
    };
}
