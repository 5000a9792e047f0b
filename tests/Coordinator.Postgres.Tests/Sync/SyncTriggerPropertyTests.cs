using System.Globalization;
using Coordinator.Postgres.Sync;
using FsCheck;
using FsCheck.Fluent;
using Npgsql;

namespace Coordinator.Postgres.Tests.Sync;

/// <summary>
/// Any interleaving of old-version writes, new-version writes, unrelated updates and the fill, on many column types,
/// against a model: after every write its row is in sync, and no write is lost. FsCheck prints the seed of a failure.
/// </summary>
public sealed class SyncTriggerPropertyTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    private const int Rows = 3;

    private const string Condition = "pg_catalog.record_image_ne(row(new.\"n\"), row(new.\"o\"))";

    [Theory]
    [InlineData("int", "0", "1", "-2147483648")]
    [InlineData("text", "''", "'a'", "'A'", "E'\\\\x'")]
    [InlineData("varchar(3)", "''", "'abc'", "'ab '")]
    [InlineData("char(3)", "''", "'abc'", "'ab'")]
    [InlineData("numeric", "'NaN'", "1.0", "1.00", "'-Infinity'")]
    [InlineData("float8", "'NaN'", "0", "'-0'", "'Infinity'")]
    [InlineData("timestamptz", "'infinity'", "'-infinity'", "'2020-01-01 00:00+00'")]
    [InlineData("interval", "'1 day'", "'24 hours'")]
    [InlineData("jsonb", "'null'", "'{\"a\": 1}'", "'{\"a\": 1.0}'")]
    [InlineData("json", "'null'", "'{\"a\": 1}'", "'{\"a\":1}'")]
    [InlineData("int[]", "'{}'", "'{1,NULL}'", "'[0:1]={1,2}'")]
    [InlineData("bytea", "''", "'\\x00'", "'\\x5c'")]
    [InlineData("int4range", "'empty'", "'[1,5)'", "'(,)'")]
    [InlineData("bool", "true", "false")]
    [InlineData("uuid", "'00000000-0000-0000-0000-000000000000'", "'00000000-0000-0000-0000-000000000001'")]
    [InlineData("point", "'(1,2)'", "'(NaN,0)'")]
    public Task Every_interleaving_leaves_every_row_in_sync_and_loses_no_write(string type, params string[] literals) =>
        Task.WhenAll(CheckAsync(type, literals, mutate: null), CheckAsync(type, literals, mutate: null, sameType: false));

    [Theory]
    [InlineData("fires only for the synced columns", "numeric", "insert or update on", "insert or update of o, n on")]
    [InlineData("compares by equality", "numeric", "pg_catalog.record_image_ne(row(new.\"o\"), row(old.\"o\"))", "new.\"o\" is distinct from old.\"o\"")]
    [InlineData("never heals a row that was not synced", "text", "if not new_changed then", "if not new_changed then return new;")]
    [InlineData("writes back whatever the new side gets", "text", "if pg_catalog.record_image_eq(row(candidate.\"n\"), row(new.\"n\")) then", "if false then")]
    [InlineData("lets the old side win", "text", "if old_changed and not new_changed then", "if old_changed then")]
    [InlineData("ignores the new side", "text", "new.\"o\" := (new.\"n\"", "new.\"o\" := (new.\"o\"")]
    [InlineData("takes every row with a new side for one in sync", "text", Condition, "false")]
    [InlineData("takes equal sides for the same", "numeric", Condition, "new.\"n\" is distinct from new.\"o\"")]
    [InlineData("takes a row without an old side for one in sync", "text", Condition, "new.\"n\" operator(pg_catalog.<>) new.\"o\"")]
    public async Task Mutants_are_found(string what, string type, string fragment, string replacement)
    {
        string[] literals = type == "numeric" ? ["1.0", "1.00"] : ["''", "'a'", "'b'"];

        var failure = await Record.ExceptionAsync(
            () => CheckAsync(
                type, literals, sql => sql.Replace(fragment, replacement, StringComparison.Ordinal), sameType: fragment == Condition));

        Assert.True(failure?.Message.Contains("Falsifiable", StringComparison.Ordinal), what);
    }

    // Without the knowledge that both types are the same, the trigger has no condition: what a mutant breaks may be behind it.
    private async Task CheckAsync(string type, string[] literals, Func<string, string>? mutate, bool sameType = true)
    {
        var table = await SyncedTable.CreateAsync(
            fixture.Target, type, type, trigger => trigger with { SameType = sameType }, mutate, rows: null);
        var values = await ImagesAsync(type, literals);
        await using var connection = await fixture.Target.Database.DataSource.OpenConnectionAsync();

        var writes = Gen.Choose(0, Enum.GetValues<Write>().Length - 1).SelectMany(
            write => Gen.Choose(0, Rows - 1).SelectMany(
                row => Gen.Choose(0, values.Count - 1).SelectMany(
                    first => Gen.Choose(0, values.Count - 1).Select(
                        second => new Operation((Write)write, row, first, second)))));
        var property = Prop.ForAll(
            writes.ArrayOf().Resize(25).ToArbitrary(),
            operations => new Run(connection, table, type, values).Holds(operations));

        // A mutant is given as long as it takes: it ends with the first sequence that finds it out.
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(mutate is null ? 25 : 2_000), property);
    }

    /// <summary>Increments of both versions, unrelated updates and the fill at once, on the same rows: nothing is lost.</summary>
    [Fact]
    public async Task Concurrent_writers_of_both_versions_lose_nothing()
    {
        const int Increments = 150;
        var table = await SyncedTable.CreateAsync(
            fixture.Target, "int", "int", rows: "insert into {0} select i, 0, null from generate_series(1, 3) as i");
        string[] writers =
        [
            "update {0} set o = o + 1 where id = 1 + {1} % 3",
            "update {0} set n = coalesce(n, o) + 1 where id = 1 + {1} % 3",
            "update {0} set other = {1} where id = 1 + {1} % 3",
            "update {0} set n = o where n is distinct from o",
        ];

        await Task.WhenAll(writers.Select(async sql =>
        {
            for (var i = 0; i < Increments; i++)
            {
                await table.ExecuteAsync(sql.Replace("{1}", i.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
            }
        }));

        Assert.Equal(2L * Increments, await fixture.Target.Database.ScalarAsync<long>($"select sum(n) from {table.Name}"));
        Assert.Equal(0, await table.DisagreeingAsync());
    }

    /// <summary>The literals as PostgreSQL prints them back, and NULL: what a column can hold in this test.</summary>
    private async Task<IReadOnlyList<Value>> ImagesAsync(string type, string[] literals)
    {
        var values = new List<Value> { new("null", null) };
        foreach (var literal in literals)
        {
            var image = await fixture.Target.Database.ScalarAsync<string>($"select ({literal})::{type}::text collate \"C\"");
            values.Add(new Value(literal, image));
        }

        return values;
    }

    private enum Write
    {
        Old,
        New,
        Both,
        Different,
        Unrelated,
        Fill,
        InsertOld,
        InsertNew,
        UpsertOld,
        UpsertNew,
    }

    private sealed record Value(string Sql, string? Image);

    private sealed record Operation(Write Write, int Row, int First, int Second);

    /// <summary>One sequence of writes on the table and on the model beside it.</summary>
    private sealed class Run(NpgsqlConnection connection, SyncedTable table, string type, IReadOnlyList<Value> values)
    {
        private readonly (string? Old, string? New)[] _model = new (string? Old, string? New)[Rows];

        public bool Holds(Operation[] operations)
        {
            Start();
            foreach (var operation in operations)
            {
                var refused = Execute(Sql(operation));
                if (refused != Expect(operation) || !Read().SequenceEqual(_model))
                {
                    return false;
                }
            }

            Execute($"update {table.Name} set n = o where {SyncTriggerSql.Disagree(table.Trigger with { CompareAsText = true })}");
            return Read().All(row => row.Old == row.New);
        }

        /// <summary>Rows that were there before the trigger: every one unsynced unless its value is NULL.</summary>
        private void Start()
        {
            Execute($"alter table {table.Name} disable trigger \"{table.Trigger.TriggerName}\"");
            Execute($"delete from {table.Name}");
            for (var row = 0; row < Rows; row++)
            {
                var value = values[row % values.Count];
                Execute($"insert into {table.Name} (id, o) values ({row}, ({value.Sql})::{type})");
                _model[row] = (value.Image, null);
            }

            Execute($"alter table {table.Name} enable always trigger \"{table.Trigger.TriggerName}\"");
        }

        private string Sql(Operation operation)
        {
            var (first, second) = ($"({values[operation.First].Sql})::{type}", $"({values[operation.Second].Sql})::{type}");
            var (t, id) = (table.Name, operation.Row);
            return operation.Write switch
            {
                Write.Old => $"update {t} set o = {first} where id = {id}",
                Write.New => $"update {t} set n = {first} where id = {id}",
                Write.Both => $"update {t} set o = {first}, n = {first} where id = {id}",
                Write.Different => $"update {t} set o = {first}, n = {second} where id = {id}",
                Write.Unrelated => $"update {t} set other = coalesce(other, 0) + 1 where id = {id}",
                Write.Fill => $"update {t} set n = o where {SyncTriggerSql.Disagree(table.Trigger with { CompareAsText = true })}",
                Write.InsertOld => $"delete from {t} where id = {id}; insert into {t} (id, o) values ({id}, {first})",
                Write.InsertNew => $"delete from {t} where id = {id}; insert into {t} (id, o, n) values ({id}, {second}, {first})",
                Write.UpsertOld => $"insert into {t} (id, o) values ({id}, {first}) on conflict (id) do update set o = excluded.o",
                _ => $"insert into {t} (id, n) values ({id}, {first}) on conflict (id) do update set n = excluded.n",
            };
        }

        /// <summary>Moves the model; true where the write has to be refused.</summary>
        private bool Expect(Operation operation)
        {
            var (first, second) = (values[operation.First].Image, values[operation.Second].Image);
            ref var row = ref _model[operation.Row];
            switch (operation.Write)
            {
                case Write.Fill:
                    for (var i = 0; i < Rows; i++)
                    {
                        _model[i] = Update(_model[i], _model[i].Old, _model[i].New, out _);
                    }

                    return false;
                case Write.InsertOld:
                    row = (first, first);
                    return false;
                case Write.InsertNew:
                    row = first is null ? (second, second) : (first, first);
                    return false;
                default:
                    var (o, n) = operation.Write switch
                    {
                        Write.Old or Write.UpsertOld => (first, row.New),
                        Write.New or Write.UpsertNew => (row.Old, first),
                        Write.Both => (first, first),
                        Write.Different => (first, second),
                        _ => row,
                    };
                    row = Update(row, o, n, out var refused);
                    return refused;
            }
        }

        /// <summary>The rules of the trigger for an identity pair, said once more and differently.</summary>
        private static (string? Old, string? New) Update(
            (string? Old, string? New) row, string? o, string? n, out bool refused)
        {
            refused = o != row.Old && n != row.New && o != n;
            return refused ? row
                : o == n ? (o, n)
                : n != row.New ? (n, n)
                : (o, o);
        }

        private (string? Old, string? New)[] Read()
        {
            using var command = connection.Command($"select o::text, n::text from {table.Name} order by id");
            using var reader = command.ExecuteReader();
            var rows = new List<(string?, string?)>();
            while (reader.Read())
            {
                rows.Add((reader.IsDBNull(0) ? null : reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetString(1)));
            }

            return [.. rows];
        }

        private bool Execute(string sql)
        {
            try
            {
                using var command = connection.Command(sql);
                command.ExecuteNonQuery();
                return false;
            }
            catch (PostgresException exception) when (exception.SqlState == SyncTriggerSql.ConflictSqlState)
            {
                return true;
            }
        }
    }
}
