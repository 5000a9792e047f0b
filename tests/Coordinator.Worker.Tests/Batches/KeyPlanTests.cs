using Coordinator.Worker.Tests.Properties;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>A batch by key reads its own rows and no others: the index has both bounds, whatever the key is.</summary>
public sealed class KeyPlanTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    public static TheoryData<string> Kinds => [.. KeyKinds.All.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_index_has_both_bounds(string kind)
    {
        var (columns, key, values) = KeyKinds.All[kind];
        var table = await KeyTable.CreateAsync(
            fixture.Target,
            $$"""
            create table {0} ({{columns}}, i int not null, n int not null default 0, primary key ({{key}}));
            insert into {0} ({{key}}, i) select {{values}}, i from generate_series(1, 3000) as i on conflict do nothing;
            analyze {0};
            """);
        await table.MarkAtAsync("i % 100 = 0");
        var marks = await MarksAsync(table);
        var plain = table.Statement($"update {table.Name} set n = n + 1 where {{range}}");
        var joined = table.Statement($"update {table.Name} k set n = o.i from {table.Name} as o where {{range k}} and o.i = k.i");

        var between = await table.PlanOfAsync(plain, marks[3], marks[4]);
        Assert.Matches("Index Cond: .* > .* AND .* <= ", between);
        Assert.DoesNotContain("CASE", between, StringComparison.Ordinal);
        Assert.Matches("Index Cond: .* > .* AND .* <= ", await table.PlanOfAsync(joined, marks[3], marks[4]));
        Assert.Matches("Index Cond: .* <= ", await table.PlanOfAsync(plain, null, marks[0]));
        Assert.Matches("Index Cond: .* > ", await table.PlanOfAsync(plain, marks[^2], null));
        Assert.Matches("Index Cond: [^<>]* = ", await table.PlanOfAsync(plain, marks[3], marks[3]));
    }

    private static async Task<List<string[]>> MarksAsync(KeyTable table)
    {
        await using var command = table.Database.DataSource.CreateCommand(
            $"select key from coordinator.key_mark where migration = '{table.Migration}' order by mark");
        await using var reader = await command.ExecuteReaderAsync();
        var marks = new List<string[]>();
        while (await reader.ReadAsync())
        {
            marks.Add(await reader.GetFieldValueAsync<string[]>(0));
        }

        return marks;
    }
}
