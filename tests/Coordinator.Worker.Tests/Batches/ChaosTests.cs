using Coordinator.Postgres.Ledger;
using Coordinator.Worker.Batches;
using Xunit.Abstractions;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>
/// The real client, all at once: eight workers whose leases lapse at once (every grant of a batch supersedes the one
/// before, whoever still works on it), while somebody keeps terminating their sessions.
/// </summary>
public sealed class ChaosTests(InstalledTargetFixture fixture, ITestOutputHelper output) : IClassFixture<InstalledTargetFixture>
{
    private const int Batches = 30;
    private const int Workers = 8;

    [Fact]
    public async Task Every_batch_is_applied_exactly_once_by_workers_that_die_and_supersede_each_other()
    {
        var seed = Random.Shared.Next(1_000_000);
        output.WriteLine($"seed {seed}");
        var target = await BatchTarget.CreateAsync(fixture.Target, Batches);
        var statement = $"with done as ({target.Increment} returning n) select pg_sleep(0.01 * random()), count(*) from done";
        var epochs = new long[Batches + 1];
        var done = new bool[Batches + 1];
        var outcomes = new Dictionary<string, int>();

        var workers = Enumerable.Range(0, Workers).Select(async worker =>
        {
            var random = new Random(seed + worker);
            while (Enumerable.Range(1, Batches).Where(batch => !Volatile.Read(ref done[batch])).ToList() is { Count: > 0 } open)
            {
                var batch = open[random.Next(Math.Min(open.Count, 4))];
                var outcome = await target.RunAsync(target.Grant(batch, Interlocked.Increment(ref epochs[batch]), statement));
                Volatile.Write(ref done[batch], outcome is BatchOutcome.Committed or BatchOutcome.AlreadyDone || Volatile.Read(ref done[batch]));
                lock (outcomes)
                {
                    outcomes[outcome.GetType().Name] = outcomes.GetValueOrDefault(outcome.GetType().Name) + 1;
                }
            }
        }).ToArray();
        var all = Task.WhenAll(workers);
        while (!all.IsCompleted)
        {
            await target.Database.ExecuteAsync(
                $"""
                select pg_sleep(0.02);
                select pg_terminate_backend(pid) from pg_stat_activity
                 where usename = '{target.Target.Roles.Worker}' and state = 'active' and random() < 0.2
                """);
        }

        await all;

        output.WriteLine(string.Join(", ", outcomes.Select(outcome => $"{outcome.Value} {outcome.Key}")));
        for (var batch = 1; batch <= Batches; batch++)
        {
            Assert.Equal(1, await target.AppliedAsync(batch));
        }

        // The statement answers with one row: that of its count.
        Assert.Equal(
            new LedgerSummary(Batches, Batches, RowsDone: Batches),
            await LedgerReader.SummaryAsync(target.Target.Coordinator, target.Migration, BatchTarget.Step, default));
    }
}
