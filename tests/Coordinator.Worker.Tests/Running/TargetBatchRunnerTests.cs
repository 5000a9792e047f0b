using Coordinator.V1;
using Coordinator.Worker.Running;
using Coordinator.Worker.Tests.Hosting;

namespace Coordinator.Worker.Tests.Running;

public sealed class TargetBatchRunnerTests
{
    [Fact]
    public async Task A_target_without_shards_in_its_name_serves_one_shard_and_no_other()
    {
        await using var runner = new TargetBatchRunner(new() { Targets = { ["shop"] = "Host=unused" } });

        Assert.True(runner.Knows(Lease("shop", "main")));
        Assert.False(runner.Knows(Lease("shop", "second")));
        Assert.True(runner.Knows(Lease("shop", "main")));
        Assert.False(runner.Knows(Lease("books", "main")));
    }

    [Fact]
    public async Task Shards_are_served_by_name()
    {
        await using var runner = new TargetBatchRunner(
            new() { Targets = { ["shop/s1"] = "Host=a", ["shop/s2"] = "Host=b" } });

        Assert.True(runner.Knows(Lease("shop", "s1")));
        Assert.True(runner.Knows(Lease("shop", "s2")));
        Assert.False(runner.Knows(Lease("shop", "s3")));
    }

    private static BatchLease Lease(string target, string shard)
    {
        var lease = FakeWorkers.NewLease(1);
        lease.Target = target;
        lease.Token.Shard = shard;
        return lease;
    }
}
