using Coordinator.Domain.Operations;

namespace Coordinator.Engine.Driving;

/// <summary>The key by which a backfill hands its rows out is none any more: its index is gone, or its order can't be relied on.</summary>
internal sealed class KeyUnusableException(string shard, RangeKeyDefect defect) : Exception($"shard '{shard}': {defect.Message}")
{
    public RangeKeyDefect Defect { get; } = defect;
}
