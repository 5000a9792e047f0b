using Coordinator.Postgres.Sync;
using Coordinator.Worker.Tests.Batches;
using Npgsql;

namespace Coordinator.Worker.Tests.Properties;

/// <summary>
/// Writes of both versions to rows that nobody else writes, each made in the table and in the model. A NULL of the new
/// version to a row that may not be filled yet is left out: before the backfill has ended that version is not admitted.
/// </summary>
internal sealed class ApplicationWrites(
    BackfilledTable table, RowModel model, Random random, IReadOnlyList<Value> olds, IReadOnlyList<Value> news, int first, int step)
{
    private int _nextKey = 99 + first; // 99: each writer knows its own rows by the remainder

    /// <summary>One write; false when the table refused what the model takes, or took what the model refuses.</summary>
    public async Task<bool> WriteAsync(NpgsqlConnection connection)
    {
        var own = model.Keys.Where(key => key % step == first).Order().ToList();
        var kind = own.Count == 0 ? 8 : random.Next(10);
        var key = own.Count == 0 ? 0 : own[random.Next(own.Count)];
        var old = olds[random.Next(olds.Count)];
        var @new = New(kind < 8 && own.Count > 0 && !model.IsWritten(key));
        switch (kind)
        {
            case 0 or 1:
                model.WriteOld(key, old.Image);
                return await TryAsync(connection, $"update {table.Name} set o = {old.Sql} where id = {key}");
            case 2 or 3:
                model.WriteNew(key, @new.Image);
                return await TryAsync(connection, $"update {table.Name} set n = {@new.Sql} where id = {key}");
            case 4:
                model.Touch(key);
                return await TryAsync(connection, $"update {table.Name} set other = coalesce(other, 0) + 1 where id = {key}");
            case 5 when model.IsWritten(key):
                var taken = model.WriteBoth(key, old.Image, @new.Image);
                return taken == await TryAsync(
                    connection, $"update {table.Name} set o = {old.Sql}, n = {@new.Sql} where id = {key}");
            case 6:
                model.Delete(key);
                return await TryAsync(connection, $"delete from {table.Name} where id = {key}");
            case 7:
                var to = NextKey();
                model.Move(key, to);
                return await TryAsync(connection, $"update {table.Name} set id = {to}, pad = repeat('y', 900) where id = {key}");
            case 8:
                var added = NextKey();
                model.Insert(added, old.Image, null);
                return await TryAsync(connection, $"insert into {table.Name} (id, o) values ({added}, {old.Sql})");
            default:
                var both = NextKey();
                model.Insert(both, old.Image, @new.Image);
                return await TryAsync(connection, $"insert into {table.Name} (id, o, n) values ({both}, {old.Sql}, {@new.Sql})");
        }
    }

    private Value New(bool mustBeThere)
    {
        var candidates = mustBeThere ? [.. news.Where(value => value.Image is not null)] : news;
        return candidates[random.Next(candidates.Count)];
    }

    private int NextKey() => _nextKey += step;

    private static async Task<bool> TryAsync(NpgsqlConnection connection, string sql)
    {
        try
        {
            await connection.RunAsync(sql);
            return true;
        }
        catch (PostgresException exception) when (exception.SqlState == SyncTriggerSql.ConflictSqlState)
        {
            return false;
        }
    }
}
