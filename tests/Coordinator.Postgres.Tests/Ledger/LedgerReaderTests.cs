using Coordinator.Postgres.Ledger;

namespace Coordinator.Postgres.Tests.Ledger;

public sealed class LedgerReaderTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    [Fact]
    public async Task A_steps_batches_are_read_in_order_and_only_finished_ones_are_added_up()
    {
        await fixture.Target.ExecuteAsCoordinatorAsync(
            """
            insert into coordinator.ledger (migration, step, batch, lo, hi, epoch, lease_id, state, rows, committed_at) values
              ('m', 's', 2, 10, 25, 3, gen_random_uuid(), 'done', 7, now()),
              ('m', 's', 1, 0, 10, 1, gen_random_uuid(), 'done', 5, now()),
              ('m', 's', 3, 25, 30, 2, gen_random_uuid(), 'open', null, null),
              ('m', 'other', 1, 0, 99, 1, gen_random_uuid(), 'done', 99, now()),
              ('other', 's', 1, 0, 99, 1, gen_random_uuid(), 'done', 99, now())
            """);

        var entries = await LedgerReader.ReadStepAsync(fixture.Target.Coordinator, "m", "s", default);
        var summary = await LedgerReader.SummaryAsync(fixture.Target.Coordinator, "m", "s", default);

        Assert.Equal([1, 2, 3], entries.Select(entry => entry.Batch));
        Assert.Equal([true, true, false], entries.Select(entry => entry.Done));
        Assert.Null(entries[2].Rows);
        Assert.Equal(new LedgerSummary(BatchesDone: 2, BlocksDone: 25, RowsDone: 12), summary);
        Assert.Equal(new LedgerSummary(0, 0, 0), await LedgerReader.SummaryAsync(fixture.Target.Coordinator, "m", "none", default));
    }
}
