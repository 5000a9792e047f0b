using Coordinator.Engine.Migrations;

namespace Coordinator.Server.Migrations;

/// <summary>Whether a migration looks different to somebody who watches it: its history, its progress, what it does.</summary>
internal static class MigrationChange
{
    public static bool IsNone(MigrationView before, MigrationView after) =>
        before.Revision == after.Revision
        && before.Activity == after.Activity
        && before.Backfills.SequenceEqual(after.Backfills)
        && before.Verifications.SequenceEqual(after.Verifications);
}
