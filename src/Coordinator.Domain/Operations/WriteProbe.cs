using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Operations;

/// <summary>
/// An UPDATE that sets the rows of the table's first block to what they are. It reads one block at most, so it is no scan, and it runs
/// the table's row triggers: one that was left behind broken shows here and not in the application. The block's exception takes all of it
/// back at once, so the application's own triggers, an audit for one, leave nothing behind; an error of theirs goes through.
/// </summary>
internal static class WriteProbe
{
    private const string TakeBack = "COPRB";

    public static string For(TableRef table, string column)
    {
        var quoted = SqlIdentifier.Quote(column);
        var update = $"update {table.Sql} set {quoted} = {quoted} where ctid >= '(0,0)'::tid and ctid < '(1,0)'::tid";
        return "do " + SqlLiteral.Quote(
            $"begin {update}; raise exception using errcode = '{TakeBack}'; exception when sqlstate '{TakeBack}' then null; end");
    }
}
