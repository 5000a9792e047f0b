using Coordinator.Domain.Migrations;
using Coordinator.Engine.Fencing;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Fences;
using Npgsql;

namespace Coordinator.Engine.Driving;

/// <summary>
/// Lifts what may stand of a fence and records that it is gone. The order carries the migration's version, so whoever still raises
/// the fence on an older one is refused by the target.
/// </summary>
internal static class FenceLift
{
    private static readonly RequestContext Driver = new("coordinator");

    public static async Task PayAsync(
        MigrationStream stream, Target target, MigrationState state, long version, CancellationToken cancellationToken)
    {
        try
        {
            await VersionFence.LiftAsync(target, state.Name, version, cancellationToken);
        }
        catch (PostgresException newer) when (newer.SqlState == RoleFence.Superseded)
        {
            // Somebody else has paid, and a later order stands: nothing of this one is left to do.
            if (!(await stream.LoadAsync(state.Name, cancellationToken)).State.LiftOwed)
            {
                return;
            }

            throw;
        }

        await stream.ExecuteAsync(state.Name, new MigrationCommand.MarkFenceLifted(), Driver, enlist: null, cancellationToken);
    }
}
