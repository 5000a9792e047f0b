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
        while (true)
        {
            try
            {
                await VersionFence.LiftAsync(target, state.Name, version, cancellationToken);
                break;
            }
            catch (PostgresException newer) when (newer.SqlState == RoleFence.Superseded)
            {
                // Somebody lifts it too and knows a later version: that order may have reached one shard only, so it is given once more with
                // what is known now. Where that is no later, the target has seen what this database has lost.
                var now = await stream.LoadAsync(state.Name, cancellationToken);
                if (!now.State.LiftOwed)
                {
                    return;
                }

                if (now.Version <= version)
                {
                    throw;
                }

                version = now.Version;
            }
        }

        await stream.ExecuteAsync(state.Name, new MigrationCommand.MarkFenceLifted(), Driver, enlist: null, cancellationToken);
    }
}
