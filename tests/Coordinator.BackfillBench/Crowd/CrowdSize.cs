namespace Coordinator.BackfillBench.Crowd;

/// <summary>So many workers that take from so many backfills, whichever has something for them, and the replicas that they ask.</summary>
internal sealed record CrowdSize(int Backfills, int Workers, int Replicas = 1)
{
    public override string ToString() => $"{Workers} workers on {Backfills} backfills{(Replicas > 1 ? $", {Replicas} replicas" : "")}";
}
