using System.Text.Json;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Identity;
using Coordinator.Postgres.Verification;

namespace Coordinator.Engine.Verification;

/// <summary>
/// What the table of a verify step and the trigger on it are like, shard by shard, and on which timeline. While it stays the
/// same, and a trigger guards the table, a verification that found nothing is as good as one of this moment.
/// </summary>
/// <param name="Guarded">Whether a trigger of the migration keeps every write in sync, on every shard.</param>
/// <param name="Shards">What each shard is like: server, timeline, and the hash of <see cref="TableEvidence"/>.</param>
internal sealed record VerificationEvidence(bool Guarded, IReadOnlyDictionary<string, string> Shards)
{
    /// <summary>Looks at the shards.</summary>
    public static async Task<VerificationEvidence> ReadAsync(
        MigrationPlan plan, PlanStep.Verify step, IReadOnlyList<TargetShard> shards, CancellationToken cancellationToken)
    {
        var trigger = TriggerOf(plan, step);
        var guarded = trigger is not null;
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var shard in shards)
        {
            try
            {
                var identity = await TargetIdentity.ReadAsync(shard.DataSource, cancellationToken);
                var table = await TableEvidence.ReadAsync(
                    shard.DataSource, plan.Spec.Name, new TableName(step.Table.Schema, step.Table.Name), trigger, cancellationToken);
                found[shard.Name] = $"{identity.SystemIdentifier}/{identity.Timeline}/{table.Hash}";
                guarded &= table.Problem is null;
            }
            catch (Exception exception) when (TargetUnavailableException.Means(exception))
            {
                throw new TargetUnavailableException(shard, exception);
            }
        }

        return new VerificationEvidence(guarded, found);
    }

    /// <summary>The trigger that keeps in sync what the step looks at; null where the migration installed none.</summary>
    public static string? TriggerOf(MigrationPlan plan, PlanStep.Verify step) => step.Disagree is null
        ? null
        : plan.Steps.OfType<PlanStep.Backfill>()
            .FirstOrDefault(backfill => backfill.Table == step.Table && backfill.Disagree == step.Disagree)?.TriggerName;

    /// <summary>The hash of one shard's table.</summary>
    public string HashOf(string shard) => Shards[shard][(Shards[shard].LastIndexOf('/') + 1)..];

    /// <summary>Whether each of these shards is as it was when the other was stored; shards that only the other has don't matter.</summary>
    public bool IsSameAs(string? stored) =>
        stored is not null
        && JsonSerializer.Deserialize<Dictionary<string, string>>(stored) is { } before
        && Shards.All(shard => before.TryGetValue(shard.Key, out var then) && then == shard.Value);

    /// <summary>As it is stored.</summary>
    public string ToJson() => JsonSerializer.Serialize(Shards);
}
