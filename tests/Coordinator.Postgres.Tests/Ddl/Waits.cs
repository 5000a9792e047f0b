using System.Collections.Concurrent;
using Coordinator.Postgres.Ddl;

namespace Coordinator.Postgres.Tests.Ddl;

/// <summary>Keeps what a runner reports; unlike Progress of T, in the reporting thread and in order.</summary>
internal sealed class Waits : IProgress<DdlWait>
{
    private readonly ConcurrentQueue<DdlWait> _all = new();

    public IReadOnlyList<DdlWait> All => [.. _all];

    public void Report(DdlWait value) => _all.Enqueue(value);

    public bool Has(DdlWaitReason reason, string blockers = "") =>
        _all.Any(wait => wait.Reason == reason && wait.Blockers.Contains(blockers, StringComparison.Ordinal));
}
