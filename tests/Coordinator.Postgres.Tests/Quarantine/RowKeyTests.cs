using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Quarantine;
using Coordinator.Postgres.Verification;
using Npgsql;

namespace Coordinator.Postgres.Tests.Quarantine;

/// <summary>A row is found again by the key that it was recorded with, whatever the key's type and the session's settings.</summary>
public sealed class RowKeyTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    [Theory]
    [InlineData("id bigint", "9223372036854775807")]
    [InlineData("id text", """E'a''b"c\\d\n{}[] \u00e9 </script>'""")]
    [InlineData("id text", "''")]
    [InlineData("id char(5)", "'ab'")]
    [InlineData("id uuid", "'6f0b5a58-6d1c-4f0e-9d3a-000000000001'")]
    [InlineData("id numeric", "'NaN'")]
    [InlineData("id numeric", "123456789012345678901234567890.10")]
    [InlineData("id double precision", "'NaN'")]
    [InlineData("id double precision", "0.1::float8 + 0.2::float8")]
    [InlineData("id real", "1.1")]
    [InlineData("id timestamptz", "'infinity'")]
    [InlineData("id timestamptz", "'2026-03-29 01:30:00.123456+00'")]
    [InlineData("id timestamp", "'0044-03-15 12:00:00 BC'")]
    [InlineData("id date", "'-infinity'")]
    [InlineData("id interval", "'-1 year 2 days -03:04:05.678'")]
    [InlineData("id bytea", "'\\x00ff5c27'")]
    [InlineData("id boolean", "true")]
    [InlineData("id int[]", "'{1,2,3}'")]
    [InlineData("id text[]", "array['a,b', 'c\"d', '']")]
    [InlineData("id jsonb", "'{\"a\": [1, null]}'")]
    [InlineData("id int4range", "'[1,5)'")]
    [InlineData("id inet", "'10.0.0.1/24'")]
    [InlineData("id bit varying(8)", "B'1010'")]
    [InlineData("id \"char\"", "'x'")]
    [InlineData("id name", "'pg_class'")]
    public async Task A_key_of_any_type_names_its_row_and_no_other(string column, string value)
    {
        var table = new TableName("public", "key_" + Guid.CreateVersion7().ToString("N"));
        var target = fixture.Target;
        await target.ExecuteAsOwnerAsync($"create table {table.Sql} ({column} primary key, bad boolean); insert into {table.Sql} values ({value}, true)");
        await QuarantineAsync(table, "m-" + table.Name);
        await using var source = Source(
            "timezone=Asia/Kolkata;datestyle=German;intervalstyle=iso_8601;bytea_output=escape;extra_float_digits=-5");

        Assert.Equal(0, (await DisagreementScan.RunOutsideQuarantineAsync(source, table.Schema, table.Name, "bad", "m-" + table.Name, default)).Count);
        Assert.Equal(1, (await DisagreementScan.RunOutsideQuarantineAsync(source, table.Schema, table.Name, "bad", "m-another", default)).Count);
        await QuarantineTable.ClearRepairedAsync(source, "m-" + table.Name, "fill", table, [], "bad", default);
        Assert.Equal(1, (await QuarantineTable.CountAsync(source, "m-" + table.Name, "fill", default)).Open);
        await target.ExecuteAsOwnerAsync($"update {table.Sql} set bad = false");
        await QuarantineTable.ClearRepairedAsync(source, "m-" + table.Name, "fill", table, [], "bad", default);
        Assert.Equal(0, (await QuarantineTable.CountAsync(source, "m-" + table.Name, "fill", default)).Total);
    }

    [Fact]
    public async Task A_composite_key_with_odd_names_names_its_row()
    {
        var table = new TableName("public", "od\"d " + Guid.CreateVersion7().ToString("N"));
        var target = fixture.Target;
        await target.ExecuteAsOwnerAsync(
            $"""
            create table {table.Sql} ("a""b" text, "select" int, bad boolean, primary key ("select", "a""b"));
            insert into {table.Sql} values ('x', 1, true), ('x', 2, false), ('y', 1, true);
            """);
        await QuarantineAsync(table, "m-odd", place: "(0,1)");

        var left = await DisagreementScan.RunOutsideQuarantineAsync(target.Coordinator, table.Schema, table.Name, "bad", "m-odd", default);

        Assert.Equal((1, """{"a\"b": "y", "select": 1}"""), (left.Count, left.Samples.Single()));
        await target.ExecuteAsOwnerAsync($"""delete from {table.Sql} where "select" = 1 and "a""b" = 'x'""");
        await QuarantineTable.ClearRepairedAsync(target.Coordinator, "m-odd", "fill", table, [], disagreeSql: null, default);
        Assert.Equal(0, (await QuarantineTable.CountAsync(target.Coordinator, "m-odd", null, default)).Total);
    }

    [Fact]
    public async Task Without_a_key_the_place_names_the_row_and_a_key_of_another_shape_hides_nothing()
    {
        var table = new TableName("public", "place_" + Guid.CreateVersion7().ToString("N"));
        var target = fixture.Target;
        await target.ExecuteAsOwnerAsync($"create table {table.Sql} (id int, bad boolean); insert into {table.Sql} values (1, true), (2, true)");
        await QuarantineAsync(table, "m-place", place: "(0,2)");

        var left = await DisagreementScan.RunOutsideQuarantineAsync(target.Coordinator, table.Schema, table.Name, "bad", "m-place", default);
        Assert.Equal("ctid (0,1)", left.Samples.Single());

        await target.ExecuteAsOwnerAsync($"alter table {table.Sql} add primary key (id)");
        left = await DisagreementScan.RunOutsideQuarantineAsync(target.Coordinator, table.Schema, table.Name, "bad", "m-place", default);
        Assert.Equal(2, left.Count);
        await QuarantineTable.ForgetPlacesAsync(target.Coordinator, "m-place", "fill", default);
        Assert.Equal(0, (await QuarantineTable.CountAsync(target.Coordinator, "m-place", null, default)).Total);
    }

    // As a batch of a worker records it, under the settings of one.
    private async Task QuarantineAsync(TableName table, string migration, string place = "(0,1)")
    {
        await using var connection = await fixture.Target.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand(
                    """
                    select set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, MDY', true), set_config('bytea_output', 'hex', true),
                           set_config('intervalstyle', 'postgres', true), set_config('extra_float_digits', '1', true)
                    """),
                new NpgsqlBatchCommand(
                    """
                    insert into coordinator.quarantine (migration, step, key_hash, key, table_name, sqlstate, message)
                    select $1, 'fill', sha256(convert_to(key, 'UTF8')), key, $2, '22P02', 'bad' from coordinator.key_of_row($2, $3::tid, 0, 1) as key
                    """)
                {
                    Parameters = { new() { Value = migration }, new() { Value = table.Sql }, new() { Value = place } },
                },
            },
        };
        await batch.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
    }

    private NpgsqlDataSource Source(string settings) => NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(fixture.Target.Roles.CoordinatorConnectionString)
        {
            Options = string.Join(' ', settings.Split(';').Select(setting => "-c " + setting)),
        }.ConnectionString);
}
