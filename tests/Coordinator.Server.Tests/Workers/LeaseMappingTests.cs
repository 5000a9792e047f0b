using Coordinator.Domain.Plans;
using Coordinator.Engine.Leasing;
using Coordinator.Server.Mapping;

namespace Coordinator.Server.Tests.Workers;

/// <summary>What a worker is told of a batch, and what one that is older than key ranges makes of it.</summary>
public class LeaseMappingTests
{
    [Fact]
    public void A_handler_by_key_is_no_handler_to_a_worker_that_knows_of_blocks_only()
    {
        var lease = LeaseMapping.ToProto(Batch() with { Key = [new KeyColumn("id", "int4"), new KeyColumn("code", "text")] });

        // It takes the statement for SQL, and the target refuses that; the handler would have been given wrong rows.
        Assert.Equal(("", "handler recompute-slug"), (lease.Handler, lease.Statement));
        Assert.Equal("recompute-slug", lease.KeyRange.Handler);
        Assert.Equal([("id", "int4"), ("code", "text")], lease.KeyRange.Columns.Select(column => (column.Name, column.Type)));
    }

    [Fact]
    public void A_batch_of_blocks_is_as_it_was()
    {
        var lease = LeaseMapping.ToProto(Batch());

        Assert.Equal(("recompute-slug", null), (lease.Handler, lease.KeyRange));
    }

    private static GrantedBatch Batch() => new()
    {
        Token = new LeaseToken("m", "main", "fill", 1L << 32, 1, Guid.Empty),
        Target = "shop",
        FirstBlock = 0,
        EndBlock = 4,
        Statement = "handler recompute-slug",
        Handler = "recompute-slug",
        Generation = 1,
        SystemIdentifier = 1,
        Timeline = "00000001",
        TriggerTable = "",
        TriggerName = "",
        LeaseDuration = TimeSpan.FromSeconds(15),
        LockTimeout = TimeSpan.FromSeconds(1),
        StatementTimeout = TimeSpan.FromSeconds(10),
    };
}
