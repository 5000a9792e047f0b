using Coordinator.V1;
using Google.Protobuf.WellKnownTypes;
using GateStage = Coordinator.V1.Migration.Types.GateStage;
using MigrationState = Coordinator.V1.Migration.Types.State;
using Phase = Coordinator.V1.Step.Types.Phase;
using StepState = Coordinator.V1.Step.Types.State;

namespace Coordinator.Cli.Tests.Hosting;

/// <summary>Things that the service talks about.</summary>
internal static class Samples
{
    public const string Name = "rename-balance";

    public static Migration Planned() => Migration(
        MigrationState.Planned, "Planned and not started: the target is untouched.", StepState.Pending, StepState.Pending);

    public static Migration Filling(long doneBlocks = 25) => Migration(
        MigrationState.Running, "filling abalance", StepState.Completed, StepState.Started, Backfill(doneBlocks));

    public static Migration Waiting() => With(
        Migration(MigrationState.Running, "waits for shop-api/7f", StepState.Completed, StepState.Completed, Backfill(100)),
        static migration =>
        {
            migration.GateStage = GateStage.Draining;
            migration.Blockers.Add(OldInstance());
        });

    public static Migration Failed() => With(
        Migration(MigrationState.Running, "step fill failed", StepState.Completed, StepState.Failed),
        static migration => migration.Steps[1].FailureMessage = "column abalance is gone");

    public static Migration Completed() => Migration(
        MigrationState.Completed, "Completed: the old structure is gone.", StepState.Completed, StepState.Completed, Backfill(100));

    public static Migration Of(MigrationState state) => Migration(state, "", StepState.Completed, StepState.Pending);

    public static Blocker OldInstance() => new()
    {
        Code = "INSTANCE_ALIVE",
        Subject = "shop-api/7f",
        Message = "runs version 41, last seen 12 s ago",
        ClearedBy = "deploy version 42 or newer there, or stop it",
    };

    public static Backfill Backfill(long doneBlocks) => new()
    {
        Name = $"migrations/{Name}/backfills/fill",
        Table = "public.pgbench_accounts",
        BlockCount = 100,
        DoneBlockCount = doneBlocks,
        RowCount = doneBlocks * 1000,
        BatchCount = doneBlocks,
        TakeoverCount = 1,
        LeasedBatchCount = doneBlocks < 100 ? 7 : 0,
        RunningBatchCount = doneBlocks < 100 ? 4 : 0,
        Finished = doneBlocks == 100,
    };

    public static Verification Verifying() => new()
    {
        Step = "verify",
        Table = "public.pgbench_accounts",
        State = Verification.Types.State.Running,
        BlockCount = 100,
        DoneBlockCount = 25,
        HeldMessage = "a standby replays late (replica_lag 25 s, threshold 20 s)",
        LastEndTime = At(8),
        LastDifferenceCount = 2,
        LastExamples = """{"aid": 7}, {"aid": 8}""",
    };

    public static Migration With(Migration migration, Action<Migration> change)
    {
        change(migration);
        return migration;
    }

    public static WatchMigrationResponse Change(Migration migration) => new() { Migration = migration };

    public static V1.Readiness Verdict(V1.Readiness.Types.Verdict verdict, params Blocker[] blockers) => new()
    {
        Verdict = verdict,
        Blockers = { blockers },
        RetryDelay = verdict == V1.Readiness.Types.Verdict.Wait ? TimeSpan.FromSeconds(5).ToDuration() : null,
    };

    public static Instance Instance(string id, long version, Instance.Types.State state) => new()
    {
        Name = $"applications/shop-api/instances/{id}",
        SchemaVersion = version,
        AppVersion = $"1.{version}.0",
        State = state,
        CreateTime = At(8),
        LastSeenTime = At(9),
        ExpireTime = At(10),
    };

    public static Timestamp At(int hour) => new DateTime(2026, 3, 1, hour, 30, 0, DateTimeKind.Utc).ToTimestamp();

    private static Migration Migration(
        MigrationState state, string message, StepState expand, StepState fill, params Backfill[] backfills) => new()
        {
            Name = $"migrations/{Name}",
            Target = "bank",
            State = state,
            GateStage = GateStage.Closed,
            StatusMessage = message,
            Revision = 7,
            CreateTime = At(8),
            UpdateTime = At(9),
            Versions = { ["shop-api"] = new VersionRule { UsesNewFrom = 42, FreeOfOldFrom = 42 } },
            Steps =
            {
                new Step
                {
                    Id = "add-column",
                    Phase = Phase.Expand,
                    Description = "add column balance",
                    State = expand,
                    AttemptCount = 1,
                    Statements = { "alter table pgbench_accounts\n    add column balance int" },
                },
                new Step { Id = "fill", Phase = Phase.Migrate, Description = "fill column balance", State = fill, AttemptCount = 2 },
                new Step
                {
                    Id = "drop-column",
                    Phase = Phase.Contract,
                    Description = "drop column abalance",
                    State = state == MigrationState.Completed ? StepState.Completed : StepState.Pending,
                    Statements = { "alter table pgbench_accounts drop column abalance" },
                },
            },
            Backfills = { backfills },
        };
}
