using Coordinator.V1;

namespace Coordinator.Worker.Running;

/// <summary>The handler that a lease names: in one of two places, by the kind of its range.</summary>
internal static class BatchHandler
{
    /// <summary>Its name; empty when the statement runs.</summary>
    public static string Of(BatchLease lease) => lease.KeyRange is { } range ? range.Handler : lease.Handler;
}
