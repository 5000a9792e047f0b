using System.Collections.Concurrent;
using Coordinator.Engine.Leasing;
using Coordinator.Engine.Migrations;
using Coordinator.Server.Security;

namespace Coordinator.Server.Workers;

/// <summary>
/// Which target a migration belongs to, for workers that may not work on all: a lease names its migration only. The
/// answer is kept, because a migration's target never changes and its name is never used again.
/// </summary>
internal sealed class MigrationTargets(MigrationQueries migrations)
{
    private readonly ConcurrentDictionary<string, string> _known = new(StringComparer.Ordinal);

    /// <exception cref="AccessDeniedException">One of the leases is on a target that is not the caller's.</exception>
    public async Task RequireAsync(Caller caller, IEnumerable<LeaseToken> tokens, CancellationToken cancellationToken)
    {
        if (caller.Targets.Everything)
        {
            return;
        }

        foreach (var migration in tokens.Select(token => token.Migration).Distinct(StringComparer.Ordinal))
        {
            caller.RequireTargets([await TargetOfAsync(migration, cancellationToken)]);
        }
    }

    private async Task<string> TargetOfAsync(string migration, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(migration, out var target))
        {
            return target;
        }

        var view = await migrations.GetAsync(migration, cancellationToken);
        return _known.GetOrAdd(migration, view.State.Plan!.Spec.Target);
    }
}
