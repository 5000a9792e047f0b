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

    // A row that nobody can write, and that somebody waived, may lie in that block: its own fault is known.
    private const string Waived =
        "when others then if not coordinator.is_data_error(sqlstate) "
        + "or not exists (select from coordinator.quarantine where waived_by is not null) then raise; end if;";

    public static string For(TableRef table, string column)
    {
        var quoted = SqlIdentifier.Quote(column);
        var update = $"update {table.Sql} set {quoted} = {quoted} where ctid >= '(0,0)'::tid and ctid < '(1,0)'::tid";
        return "do " + SqlLiteral.Quote(
            $"begin {update}; raise exception using errcode = '{TakeBack}'; exception when sqlstate '{TakeBack}' then null; {Waived} end");
    }
}
