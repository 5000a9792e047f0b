using Coordinator.Worker.Batches;
using Coordinator.Worker.Handlers;
using Coordinator.Worker.Tests.Batches;
using Coordinator.Worker.Tests.Properties;

namespace Coordinator.Worker.Tests.Handlers;

/// <summary>A handler whose batch goes by a key: its {range} is the keys of the batch, with whatever values and names.</summary>
public sealed class HandlerKeyTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    public static TheoryData<string> Kinds => [.. KeyKinds.All.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Its_batches_tile_the_keys(string kind)
    {
        var (columns, key, values) = KeyKinds.All[kind];
        var table = await KeyTable.CreateAsync(
            fixture.Target,
            $$"""
            create table {0} ({{columns}}, i int not null, n int not null default 0, primary key ({{key}}));
            insert into {0} ({{key}}, i) select {{values}}, i from generate_series(1, 40) as i;
            """);
        await table.MarkAtAsync("i % 7 = 0");

        var total = 0L;
        for (long lo = 0; lo < table.Marks; lo += 2)
        {
            var outcome = await HandlerTransaction.RunAsync(
                fixture.Target.Worker,
                table.Grant(lo, Math.Min(lo + 2, table.Marks), "handler count"),
                new DelegateHandler((batch, _) => CountAsync(batch)),
                CancellationToken.None,
                CancellationToken.None);
            total += Assert.IsType<BatchOutcome.Committed>(outcome).Rows;
        }

        Assert.Equal(40, total);
        Assert.Equal(40L, await table.Database.ScalarAsync<long>($"select count(*) from {table.Name} where n = 1"));
    }

    /// <summary>Its rows stand in three partitions, at the same places.</summary>
    [Fact]
    public async Task Around_bad_rows_everything_is_done_once()
    {
        var table = await KeyTable.CreateAsync(
            fixture.Target,
            """
            create table {0} (tenant int, id int, n int not null default 0, primary key (tenant, id)) partition by list (tenant);
            create table {0}_0 partition of {0} for values in (0);
            create table {0}_1 partition of {0} for values in (1);
            create table {0}_2 partition of {0} for values in (2);
            insert into {0} (tenant, id) select i % 3, i from generate_series(1, 90) as i;
            """);
        await table.MarkAtAsync("id in (40, 50)");
        Assert.Equal(3, table.Marks);
        var parts = 0;

        var outcome = await HandlerTransaction.RunAsync(
            fixture.Target.Worker,
            table.Grant(0, 3, "handler count"),
            new DelegateHandler((batch, _) =>
            {
                parts += batch.IsPart ? 1 : 0;
                return batch.ExecuteAsync(
                    $"update {batch.Table} t set n = n + 1 / (case when id in (7, 8, 60) then 0 else 1 end) where {{range t}}");
            }),
            CancellationToken.None,
            CancellationToken.None);

        var committed = Assert.IsType<BatchOutcome.Committed>(outcome);
        Assert.Equal((87, 3), (committed.Rows, committed.BadRows));
        Assert.True(parts > 3);
        Assert.Equal("""{"id": 7, "tenant": 1};{"id": 8, "tenant": 2};{"id": 60, "tenant": 0}""", await table.QuarantinedAsync());
        Assert.Equal(87L, await table.Database.ScalarAsync<long>($"select count(*) from {table.Name} where n = 1"));
        Assert.Equal(3L, await table.Database.ScalarAsync<long>($"select count(*) from {table.Name} where n = 0 and id in (7, 8, 60)"));
    }

    private static async Task<long> CountAsync(BatchContext batch)
    {
        Assert.True(batch.ByKey);
        var seen = await batch.ReadRowsAsync(
            $"select s.i from {batch.Table} as s join {batch.Table} as o on o.i = s.i where {{range s}} and s.n < $1 for no key update of s",
            row => row.GetInt32(0),
            1);
        var written = await batch.ExecuteAsync($"update {batch.Table} set n = n + 1 where {{range}} and n < $1", 1);
        Assert.Equal(seen.Count, written);
        return written;
    }
}
