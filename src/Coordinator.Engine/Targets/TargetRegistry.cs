using Coordinator.Domain;

namespace Coordinator.Engine.Targets;

/// <summary>The targets that this replica is configured with, by name.</summary>
public sealed class TargetRegistry : IAsyncDisposable
{
    private readonly Dictionary<string, Target> _targets;

    /// <summary>Builds the pools; nothing is connected yet.</summary>
    public TargetRegistry(IReadOnlyDictionary<string, TargetOptions> targets)
    {
        ArgumentNullException.ThrowIfNull(targets);
        _targets = targets.ToDictionary(
            entry => entry.Key,
            entry => new Target(
                entry.Key,
                [.. entry.Value.Shards
                    .OrderBy(shard => shard.Key, StringComparer.Ordinal)
                    .Select(shard => new TargetShard(entry.Key, shard.Key, shard.Value))],
                [.. entry.Value.WorkerRoles],
                [.. entry.Value.IgnoredRoles],
                entry.Value.Pace),
            StringComparer.Ordinal);
    }

    /// <summary>All targets.</summary>
    public IReadOnlyCollection<Target> All => _targets.Values;

    /// <summary>The target of that name.</summary>
    /// <exception cref="EngineException">TARGET_NOT_FOUND.</exception>
    public Target Get(string name) => _targets.TryGetValue(name, out var target)
        ? target
        : throw new EngineException(new Rejection(
            "TARGET_NOT_FOUND",
            $"No target is called '{name}' here.",
            _targets.Count == 0
                ? "No target is configured: add one under Coordinator:Targets and restart."
                : $"Use one of {string.Join(", ", _targets.Keys.Order(StringComparer.Ordinal))}, or configure it under Coordinator:Targets.",
            new Dictionary<string, string> { ["target"] = name },
            RejectionKind.NotFound));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var shard in _targets.Values.SelectMany(target => target.Shards))
        {
            await shard.DisposeAsync();
        }
    }
}
