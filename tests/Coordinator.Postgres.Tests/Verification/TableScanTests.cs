using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Verification;

namespace Coordinator.Postgres.Tests.Verification;

/// <summary>Two looks at a range: only what is wrong in both is a difference.</summary>
public sealed class TableScanTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    [Theory]
    [InlineData("id int primary key")]
    [InlineData("id int")]
    public async Task A_row_that_is_right_by_the_second_look_is_none(string id)
    {
        var table = await CreateAsync(id, rows: 3);
        var scan = await OpenAsync(table);
        var suspects = await scan.LookAsync(0, scan.Blocks, default);
        Assert.Equal(3, suspects.Rows.Count);

        await fixture.Target.Database.ExecuteAsync($"update {table} set n = o where id = 1; delete from {table} where id = 2");
        var report = await scan.LookAgainAsync(suspects, default);

        Assert.Equal(1, report.Count);
        Assert.Equal([id.EndsWith("key", StringComparison.Ordinal) ? """{"id": 3}""" : "ctid (0,3)"], report.Samples);
    }

    [Fact]
    public async Task A_row_that_moved_and_is_wrong_still_is_found_by_its_key()
    {
        var table = await CreateAsync("id int primary key", rows: 2);
        var scan = await OpenAsync(table);
        var suspects = await scan.LookAsync(0, scan.Blocks, default);

        await fixture.Target.Database.ExecuteAsync($"update {table} set o = 'other' where id = 2");

        Assert.Equal(2, (await scan.LookAgainAsync(suspects, default)).Count);
    }

    [Fact]
    public async Task A_row_that_becomes_wrong_between_the_looks_was_not_seen_twice()
    {
        var table = await CreateAsync("id int primary key", rows: 1, more: "insert into {0} values (2, 'a', 'a')");
        var scan = await OpenAsync(table);
        var suspects = await scan.LookAsync(0, scan.Blocks, default);

        await fixture.Target.Database.ExecuteAsync($"update {table} set n = o where id = 1; update {table} set n = 'b' where id = 2");

        Assert.Equal(0, (await scan.LookAgainAsync(suspects, default)).Count);
    }

    [Fact]
    public async Task More_rows_than_are_remembered_are_counted_all_the_same()
    {
        var table = await CreateAsync("id int primary key", rows: 3000);
        var scan = await OpenAsync(table);
        var suspects = await scan.LookAsync(0, scan.Blocks, default);

        var report = await scan.LookAgainAsync(suspects, default);

        Assert.True(suspects.TooMany);
        Assert.Equal(3000, report.Count);
        Assert.Equal("""{"id": 1}""", report.Samples[0]);
    }

    [Theory]
    [MemberData(nameof(HostileNames.All), MemberType = typeof(HostileNames))]
    public async Task Keys_of_any_name_and_type_find_their_rows_again(string name)
    {
        var table = new TableName("public", string.Concat(name.AsSpan(0, Math.Min(name.Length, 40)), Guid.CreateVersion7().ToString("N").AsSpan(20)));
        await fixture.Target.ExecuteAsOwnerAsync(
            $"""
            create table {table.Sql} ({Identifier.Quote(name)} timestamptz, b bytea, f float8, o text, n text,
                primary key ({Identifier.Quote(name)}, b, f));
            insert into {table.Sql} values ('2024-02-29 12:00:00.123456+03', '\x00ff', 0.1::float8 + 0.2, 'a', null);
            """);
        var scan = await TableScan.OpenAsync(fixture.Target.Coordinator, table, Disagree, migration: "m", default);
        Assert.NotNull(scan);

        var suspects = await scan.LookAsync(0, scan.Blocks, default);

        Assert.Equal(1, (await scan.LookAgainAsync(suspects, default)).Count);
    }

    [Fact]
    public async Task A_table_that_is_not_there_can_not_be_opened() => Assert.Null(
        await TableScan.OpenAsync(fixture.Target.Coordinator, new TableName("public", "nowhere"), Disagree, null, default));

    private const string Disagree = "\"n\" is distinct from \"o\" -- trailing";

    private async Task<TableScan> OpenAsync(string table) =>
        (await TableScan.OpenAsync(fixture.Target.Coordinator, new TableName("public", table), Disagree, null, default))!;

    private async Task<string> CreateAsync(string id, int rows, string more = "")
    {
        var name = "s_" + Guid.CreateVersion7().ToString("N");
        await fixture.Target.ExecuteAsOwnerAsync(
            $"create table {name} ({id}, o text, n text); insert into {name} select i, 'a', null from generate_series(1, {rows}) as i; "
            + more.Replace("{0}", name, StringComparison.Ordinal));
        return name;
    }
}
