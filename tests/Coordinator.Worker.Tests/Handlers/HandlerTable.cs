using System.Globalization;
using Coordinator.Testing;
using Coordinator.Worker.Batches;
using Coordinator.Worker.Handlers;
using Coordinator.Worker.Tests.Batches;

namespace Coordinator.Worker.Tests.Handlers;

/// <summary>
/// A table of several blocks that a handler fills; each row counts how often. Its blocks are half empty, so a row that is written
/// finds its new place among those that are still to come.
/// </summary>
internal sealed class HandlerTable(PoisonedTable table)
{
    public const int Rows = PoisonedTable.Rows;

    public PoisonedTable Poisoned => table;

    public TestDatabase Database => table.Database;

    public string Name => table.Table;

    /// <summary>Turns text into numbers, and says how often: not idempotent on purpose.</summary>
    public string Fill => $"update {Name} set number = text::int, times = times + 1 where {{range}}";

    public static async Task<HandlerTable> CreateAsync(InstalledTarget target, params IReadOnlyList<int> bad) =>
        new(await PoisonedTable.CreateAsync(
            target,
            name => $$"""
                create table {{name}} (
                  id int primary key, text text, number int, times int not null default 0, pad text default repeat('x', 100))
                with (fillfactor = 40);
                insert into {{name}} (id, text)
                select n, case when n = any ('{{{string.Join(',', bad)}}}') then 'poison' else n::text end from generate_series(1, {{Rows}}) as n;
                """));

    public Task<long> FillAsync(BatchContext batch) => batch.ExecuteAsync(Fill);

    public Task<BatchOutcome> RunAsync(
        Func<BatchContext, Task<long>> handler, BatchGrant? grant = null, CancellationToken leaseEnded = default) =>
        HandlerTransaction.RunAsync(
            table.Target.Worker,
            grant ?? table.Grant(),
            new DelegateHandler((batch, _) => handler(batch)),
            leaseEnded,
            CancellationToken.None);

    /// <summary>All but the bad rows were filled, once; those stand in quarantine; the batch is done.</summary>
    public async Task AssertDoneAroundAsync(BatchOutcome outcome, params IReadOnlyList<int> bad)
    {
        var committed = Assert.IsType<BatchOutcome.Committed>(outcome);
        Assert.Equal((Rows - bad.Count, bad.Count), (committed.Rows, committed.BadRows));
        Assert.Null(committed.Elapsed);
        Assert.Equal(string.Join(',', bad.Select(id => id.ToString(CultureInfo.InvariantCulture))), await table.QuarantinedAsync());
        Assert.Equal(
            (Rows - bad.Count, 0L),
            (await CountAsync("times = 1 and number = id"), await CountAsync("times > 1 or (times = 1) <> (number is not null)")));
        Assert.Equal(1, await table.LedgerRowsAsync());
    }

    /// <summary>As if the batch had never been run.</summary>
    public async Task AssertNothingAsync()
    {
        Assert.Equal("", await table.QuarantinedAsync());
        Assert.Equal((0L, 0L), (await CountAsync("times > 0 or number is not null"), await table.LedgerRowsAsync()));
    }

    public Task<long> CountAsync(string where) => Database.ScalarAsync<long>($"select count(*) from {Name} where {where}");
}
