using Coordinator.Postgres.Catalog;

namespace Coordinator.Postgres.Sync;

/// <summary>
/// The statements that install and remove a <see cref="SyncTrigger"/>; each list belongs in one transaction. Removing
/// also belongs in the transaction that drops the old column: a trigger that names a missing column breaks every write.
/// </summary>
public static class SyncTriggerSql
{
    /// <summary>SQLSTATE of a statement that changed both sides to values that do not agree.</summary>
    public const string ConflictSqlState = "CO010";

    /// <summary>Installs the trigger, or replaces it; repeatable. Run <see cref="Register"/> in the same transaction.</summary>
    public static IReadOnlyList<string> Create(SyncTrigger trigger)
    {
        ArgumentNullException.ThrowIfNull(trigger);
        var settings = IsPlain(trigger) ? FunctionSettings.None
            : IsIdentity(trigger) ? FunctionSettings.SearchPath
            : FunctionSettings.SearchPathAndFormats;
        return
        [
            $"create sequence if not exists coordinator.{Identifier.Quote(trigger.OldWritesSequence)}",
            $"create sequence if not exists coordinator.{Identifier.Quote(trigger.ConflictsSequence)}",
            .. RowTriggerSql.Install(trigger.TableName, trigger.TriggerName, Body(trigger), settings, Condition(trigger)),
        ];
    }

    /// <summary>Records the installed trigger for the checks of every batch.</summary>
    public static string Register(SyncTrigger trigger, string migration, string step)
    {
        ArgumentNullException.ThrowIfNull(trigger);
        return RowTriggerSql.Register(trigger.TableName, trigger.TriggerName, migration, step);
    }

    /// <summary>Removes trigger, function, counters and the record of them; repeatable.</summary>
    public static IReadOnlyList<string> Drop(SyncTrigger trigger)
    {
        ArgumentNullException.ThrowIfNull(trigger);
        return
        [
            .. RowTriggerSql.Remove(trigger.TableName, trigger.TriggerName),
            $"drop sequence if exists coordinator.{Identifier.Quote(trigger.OldWritesSequence)}",
            $"drop sequence if exists coordinator.{Identifier.Quote(trigger.ConflictsSequence)}",
        ];
    }

    /// <summary>
    /// Boolean SQL over a row, true where the two sides do not agree: neither is the new value what the old one maps to,
    /// nor (the new one being there) the old value what the new one maps to.
    /// </summary>
    public static string Disagree(SyncTrigger trigger)
    {
        ArgumentNullException.ThrowIfNull(trigger);
        var (old, @new) = (Identifier.Quote(trigger.OldColumn), Identifier.Quote(trigger.NewColumn));
        var text = trigger.CompareAsText ? "::text" : "";
        return
            $"""
            not ({@new}{text} is not distinct from {SyncExpression.Over(trigger.Up, old)}{text}
                 or (num_nulls({@new}) = 0 and {old}{text} is not distinct from {SyncExpression.Over(trigger.Down, @new)}{text}))
            """;
    }

    /// <summary>
    /// Comparisons are of images, not of equality: they work for types without equality, and a write that
    /// only changes what equality overlooks (1.0 to 1.00, 'a' to 'A' in citext) is still a write. A candidate value
    /// goes through a field of a copy of the row, which casts it to the column's type as the stored value was.
    /// </summary>
    private static string Body(SyncTrigger trigger)
    {
        var (o, n) = (Identifier.Quote(trigger.OldColumn), Identifier.Quote(trigger.NewColumn));
        var up = SyncExpression.Over(trigger.Up, $"new.{o}");
        var down = SyncExpression.Over(trigger.Down, $"new.{n}");
        return
            $"""

            declare
              candidate record;
              old_changed boolean;
              new_changed boolean;
            begin
              if tg_op operator(pg_catalog.=) 'UPDATE' then
                old_changed := pg_catalog.record_image_ne(row(new.{o}), row(old.{o}));
                new_changed := pg_catalog.record_image_ne(row(new.{n}), row(old.{n}));
              else
                -- num_nulls and not "is null": a composite value of NULL fields is a value
                new_changed := pg_catalog.num_nulls(new.{n}) operator(pg_catalog.=) 0;
                old_changed := not new_changed;
              end if;
              if old_changed and not new_changed then
                perform pg_catalog.nextval({Sequence(trigger.OldWritesSequence)});
                new.{n} := {up};
                return new;
              end if;
              candidate := new;
              candidate.{n} := {up};
              if pg_catalog.record_image_eq(row(candidate.{n}), row(new.{n})) then
                return new;
              end if;
              if pg_catalog.num_nulls(new.{n}) operator(pg_catalog.=) 0 then
                candidate.{o} := {down};
                if pg_catalog.record_image_eq(row(candidate.{o}), row(new.{o})) then
                  return new;
                end if;
              end if;
              if not new_changed then
                -- neither side changed and the row was never synced: every write leaves its row in sync
                new.{n} := candidate.{n};
                return new;
              end if;
              if old_changed then
                perform pg_catalog.nextval({Sequence(trigger.ConflictsSequence)});
                {OnConflict(trigger, o, n)}
              end if;
              new.{o} := {down};
              return new;
            end
            """;
    }

    /// <summary>
    /// The rows for which the function is called. Of a plain rename a row whose sides have the same image needs nothing, whatever was
    /// written, and to find that out here costs a third of what it costs in PL/pgSQL (measured). So it lets out exactly the rows that
    /// the function would leave alone, but for NULL: an old version's write of NULL has to be counted, which only the function can tell
    /// from others. ("is null" is also true of a composite value of NULL fields; the function decides about it.) Not counted is an old
    /// version's UPDATE that brings the old side of a row that was out of sync to just what the new side is.
    /// </summary>
    private static string? Condition(SyncTrigger trigger)
    {
        var (o, n) = (Identifier.Quote(trigger.OldColumn), Identifier.Quote(trigger.NewColumn));
        return IsPlain(trigger) ? $"new.{n} is null or pg_catalog.record_image_ne(row(new.{n}), row(new.{o}))" : null;
    }

    private static bool IsPlain(SyncTrigger trigger) => trigger.SameType && IsIdentity(trigger);

    private static bool IsIdentity(SyncTrigger trigger) =>
        SyncExpression.IsIdentity(trigger.Up) && SyncExpression.IsIdentity(trigger.Down);

    private static string OnConflict(SyncTrigger trigger, string o, string n)
    {
        if (trigger.OnConflict == SyncConflict.NewWins)
        {
            return "-- the new side wins";
        }

        var message = $"{o} and {n} of {trigger.TableName.Sql} were both changed, to values that do not agree";
        var hint = "A schema migration keeps the two columns in sync. Write one of them, " +
            $"{o} (old versions) or {n} (new versions), and the other follows.";
        return $"raise exception using errcode = '{ConflictSqlState}', " +
            $"message = {RowTriggerSql.Literal(message)}, hint = {RowTriggerSql.Literal(hint)};";
    }

    private static string Sequence(string name) =>
        RowTriggerSql.Literal($"coordinator.{Identifier.Quote(name)}") + "::pg_catalog.regclass";
}
