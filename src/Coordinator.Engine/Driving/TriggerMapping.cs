using Coordinator.Domain.Plans;
using Coordinator.Postgres.Sync;

namespace Coordinator.Engine.Driving;

/// <summary>A plan's triggers as the target side knows them. The plan's words are kept; only the SQL is written there.</summary>
internal static class TriggerMapping
{
    public static SyncTrigger ToTarget(SyncDefinition sync) => new()
    {
        Schema = sync.Table.Schema,
        Table = sync.Table.Name,
        OldColumn = sync.OldColumn,
        NewColumn = sync.NewColumn,
        Up = sync.Up,
        Down = sync.Down,
        CompareAsText = sync.CompareAsText,
        SameType = sync.SameType,
        TriggerName = sync.TriggerName,
    };

    public static FillTrigger ToTarget(FillDefinition fill) => new()
    {
        Schema = fill.Table.Schema,
        Table = fill.Table.Name,
        Column = fill.Column,
        Expression = fill.Expression,
        TriggerName = fill.TriggerName,
    };

    public static IEnumerable<string> Create(SyncDefinition sync, string migration, string step) =>
        [.. SyncTriggerSql.Create(ToTarget(sync)), SyncTriggerSql.Register(ToTarget(sync), migration, step)];

    public static IEnumerable<string> Create(FillDefinition fill, string migration, string step) =>
        [.. FillTriggerSql.Create(ToTarget(fill)), FillTriggerSql.Register(ToTarget(fill), migration, step)];

    /// <summary>What removes the triggers of a step; before anything else of it, since they name the columns it drops.</summary>
    public static IEnumerable<string> Drop(IEnumerable<SyncDefinition> syncs, IEnumerable<FillDefinition> fills) =>
        syncs.SelectMany(sync => SyncTriggerSql.Drop(ToTarget(sync)))
            .Concat(fills.SelectMany(fill => FillTriggerSql.Drop(ToTarget(fill))));
}
