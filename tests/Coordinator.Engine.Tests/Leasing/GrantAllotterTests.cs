using Coordinator.Engine.Leasing;

namespace Coordinator.Engine.Tests.Leasing;

public sealed class GrantAllotterTests
{
    /// <summary>Any backfills, leases and requests: no limit is exceeded by what a round allots, and nobody gets more than he asked for.</summary>
    [Fact]
    public void No_round_goes_over_a_limit()
    {
        for (var seed = 0; seed < 2_000; seed++)
        {
            var random = new Random(seed);
            var serverLimit = random.Next(1, 12);
            var holders = new Dictionary<(BackfillKey, string), HeldLeases>();
            var backfills = Enumerable.Range(0, random.Next(1, 4)).Select(n => new BackfillKey($"m{n}", "main", "1/fill")).ToList();
            foreach (var backfill in backfills)
            {
                for (var worker = 0; worker < 4; worker++)
                {
                    var leases = random.Next(0, 4);
                    if (leases > 0)
                    {
                        holders[(backfill, $"w{worker}")] = new HeldLeases(leases, random.Next(1, leases + 1));
                    }
                }
            }

            var sources = backfills.Select(key => new GrantSource
            {
                Key = key,
                Pass = 1,
                Grant = (_, _, _) => throw new InvalidOperationException("Nothing is granted here."),
                Server = 1,
                Size = random.Next(1, 100),
                Slots = random.Next(0, 8),
                Running = holders.Where(holder => holder.Key.Item1 == key).Sum(holder => holder.Value.Running),
                Holders = holders.Count(holder => holder.Key.Item1 == key),
                ServerRunning = holders.Values.Sum(held => held.Running),
                Remaining = random.Next(0, 2_000),
                Lapsed = random.Next(4) == 0,
            }).ToList();
            var allotter = new GrantAllotter(sources, holders, serverLimit, random.NextDouble);
            var held = new Dictionary<(BackfillKey, string), HeldLeases>(holders);
            var remaining = sources.ToDictionary(source => source.Key, source => source.Remaining);

            for (var ask = 0; ask < 10; ask++)
            {
                var request = new AcquireRequest($"w{random.Next(6)}", ["t"], random.Next(1, 8), Guid.NewGuid(), "", random.Next(1, 4), []);
                if (allotter.Next(request) is not { } allotment)
                {
                    continue;
                }

                var source = allotment.Source;
                Assert.InRange(allotment.Most, 1, request.Max);
                Assert.InRange(allotment.Fair, 1, allotment.Most);
                Assert.InRange(allotment.Blocks, 1, source.Size);
                // As much of it as there is, the way the database does it.
                var carved = source.Lapsed ? 0 : Math.Min(allotment.Fair, (remaining[source.Key] + allotment.Blocks - 1) / allotment.Blocks);
                remaining[source.Key] = Math.Max(0, remaining[source.Key] - (carved * allotment.Blocks));
                var mine = held.GetValueOrDefault((source.Key, request.Worker));
                var leases = mine.Leases + (source.Lapsed ? allotment.Most : carved);
                var running = Math.Min(leases, Math.Max(request.Parallelism, mine.Running));
                held[(source.Key, request.Worker)] = new HeldLeases(leases, running);
                if (running > mine.Running)
                {
                    Assert.True(
                        held.Where(holder => holder.Key.Item1 == source.Key).Sum(holder => holder.Value.Running) <= source.Slots,
                        $"seed {seed}: more run than the backfill has slots");
                    Assert.True(held.Values.Sum(holder => holder.Running) <= serverLimit, $"seed {seed}: more run than the server may bear");
                }
            }
        }
    }
}
