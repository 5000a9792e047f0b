using Coordinator.Postgres.Verification;
using Npgsql;

namespace Coordinator.Postgres.Tests.Verification;

public sealed class DisagreementScanTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    [Fact]
    public async Task Rows_that_disagree_are_counted_and_five_of_them_named()
    {
        var table = await CreateAsync("select i, i, case when i % 100 = 0 then null else i end from generate_series(1, 3000) as i");

        var report = await ScanAsync(table, 0, null);

        Assert.Equal(30, report.Count);
        Assert.Equal(5, report.Samples.Count);
        Assert.Equal(
            5L, await fixture.Target.Database.ScalarAsync<long>(
                $"select count(*) from {table} where ctid = any('{{{string.Join(',', report.Samples.Select(s => $"\"{s["ctid ".Length..]}\""))}}}'::tid[]) and n is null"));
    }

    [Fact]
    public async Task Block_ranges_tile_the_table()
    {
        var table = await CreateAsync("select i, i, null from generate_series(1, 3000) as i");
        var blocks = await fixture.Target.Database.ScalarAsync<long>($"select pg_relation_size('{table}') / 8192");

        var parts = new List<long>();
        for (var block = 0; block < blocks; block += 5)
        {
            parts.Add((await ScanAsync(table, block, block + 5)).Count);
        }

        Assert.True(parts.Count > 2);
        Assert.Equal(3000, parts.Sum());
    }

    [Fact]
    public async Task A_table_that_agrees_or_is_empty_has_nothing_to_report()
    {
        var agreeing = await CreateAsync("select i, i, i from generate_series(1, 100) as i");
        var empty = await CreateAsync("select 1, 1, 1 where false");

        Assert.Equal(0, (await ScanAsync(agreeing, 0, null)).Count);
        Assert.Empty((await ScanAsync(empty, 0, null)).Samples);
    }

    [Fact]
    public async Task A_row_that_a_writer_moves_meanwhile_is_not_reported_once_it_is_in_sync()
    {
        var table = await CreateAsync("select 1, 1, null");
        await using var writer = await fixture.Target.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await writer.BeginTransactionAsync();
        await writer.ExecuteAsync($"update {table} set n = o", [], default);
        Assert.Equal(1, (await ScanAsync(table, 0, null)).Count);

        await transaction.CommitAsync();

        Assert.Equal(0, (await ScanAsync(table, 0, null)).Count);
    }

    [Fact]
    public async Task A_condition_that_is_no_sql_fails_the_scan()
    {
        var table = await CreateAsync("select 1, 1, 1");

        await Assert.ThrowsAsync<PostgresException>(() => DisagreementScan.RunAsync(
            fixture.Target.Coordinator, "public", table, "no such column", 0, null, default));
    }

    private Task<DisagreementReport> ScanAsync(string table, long lo, long? hi) =>
        DisagreementScan.RunAsync(
            fixture.Target.Coordinator, "public", table, "\"n\" is distinct from \"o\" -- trailing", lo, hi, default);

    private async Task<string> CreateAsync(string rows)
    {
        var name = "d_" + Guid.CreateVersion7().ToString("N");
        await fixture.Target.ExecuteAsOwnerAsync($"create table {name} (id int, o int, n int); insert into {name} {rows}");
        return name;
    }
}
