using Coordinator.Postgres.Catalog;

namespace Coordinator.Postgres.Sync;

/// <summary>The statements that install and remove a <see cref="FillTrigger"/>; each list belongs in one transaction.</summary>
public static class FillTriggerSql
{
    /// <summary>Installs the trigger, or replaces it; repeatable. Run <see cref="Register"/> in the same transaction.</summary>
    public static IReadOnlyList<string> Create(FillTrigger trigger)
    {
        ArgumentNullException.ThrowIfNull(trigger);
        return RowTriggerSql.Install(trigger.TableName, trigger.TriggerName, Body(trigger), FunctionSettings.SearchPathAndFormats);
    }

    /// <summary>Records the installed trigger for the checks of every batch.</summary>
    public static string Register(FillTrigger trigger, string migration, string step)
    {
        ArgumentNullException.ThrowIfNull(trigger);
        return RowTriggerSql.Register(trigger.TableName, trigger.TriggerName, migration, step);
    }

    /// <summary>Removes trigger, function and the record of them; repeatable.</summary>
    public static IReadOnlyList<string> Drop(FillTrigger trigger)
    {
        ArgumentNullException.ThrowIfNull(trigger);
        return RowTriggerSql.Remove(trigger.TableName, trigger.TriggerName);
    }

    /// <summary>Boolean SQL over a row, true where the column is still to be filled.</summary>
    public static string Disagree(FillTrigger trigger)
    {
        ArgumentNullException.ThrowIfNull(trigger);
        return $"{Identifier.Quote(trigger.Column)} is null";
    }

    /// <summary>use_column: a bare name in the expression is a column, also where plpgsql has a variable of that name.</summary>
    private static string Body(FillTrigger trigger)
    {
        var column = Identifier.Quote(trigger.Column);
        return
            $"""

            #variable_conflict use_column
            begin
              if new.{column} is null then
                new.{column} := (select ({trigger.Expression}
            ) from (select new.*) as t);
              end if;
              return new;
            end
            """;
    }
}
