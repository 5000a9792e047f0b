using Coordinator.Domain.Plans;
using Coordinator.Engine.Fencing;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Ddl;
using Coordinator.Postgres.Ledger;
using Coordinator.Postgres.Verification;

namespace Coordinator.Engine.Driving;

/// <summary>What a transaction step does, whichever kind it is: statements, with guards before and checks around them.</summary>
internal sealed record TransactionWork
{
    public TableRef? Table { get; init; }

    public required IReadOnlyList<string> Statements { get; init; }

    public IReadOnlyList<Check> Before { get; init; } = [];

    public IReadOnlyList<Check> After { get; init; } = [];

    public bool InFunction { get; init; }

    /// <summary>
    /// For the way back: the steps whose work this takes back. Where none of them ran, nothing may be done, because a
    /// column of that name is somebody else's. Empty: always done.
    /// </summary>
    public IReadOnlyList<string> Undoes { get; init; } = [];

    /// <summary>The lock that the statements need on the table: creating a trigger lets readers go on.</summary>
    public DdlLockMode LockMode { get; init; } = DdlLockMode.AccessExclusive;

    /// <summary>Conditions that are looked at inside the transaction and raise.</summary>
    public Func<TargetShard, CancellationToken, Task<IReadOnlyList<DdlGuard>>> Guards { get; init; } =
        (_, _) => Task.FromResult<IReadOnlyList<DdlGuard>>([]);

    public static TransactionWork Of(StepRun run) => run.Step switch
    {
        PlanStep.Ddl ddl => new TransactionWork
        {
            Table = ddl.Table,
            Statements = ddl.Statements,
            Before = ddl.Before,
            After = ddl.After,
            InFunction = ddl.InFunction,
        },
        PlanStep.InstallSync install => new TransactionWork
        {
            Table = install.Sync.Table,
            LockMode = DdlLockMode.ShareRowExclusive,
            Statements = [.. TriggerMapping.Create(install.Sync, run.Migration, install.Id)],
            After = [new Check.TriggerEnabled(install.Sync.Table, install.Sync.TriggerName)],
        },
        PlanStep.InstallFill install => new TransactionWork
        {
            Table = install.Fill.Table,
            LockMode = DdlLockMode.ShareRowExclusive,
            Statements = [.. TriggerMapping.Create(install.Fill, run.Migration, install.Id)],
            After = [new Check.TriggerEnabled(install.Fill.Table, install.Fill.TriggerName)],
        },
        PlanStep.Contract contract => OfContract(run, contract),
        PlanStep.Uninstall uninstall => new TransactionWork
        {
            Table = uninstall.Table,
            Undoes = uninstall.Undoes,
            Statements = [.. TriggerMapping.Drop(uninstall.RemovesSync, uninstall.RemovesFill), .. uninstall.Statements],
            After = uninstall.After,
            InFunction = uninstall.InFunction,
            Guards = (shard, cancellationToken) => VersionFence.GuardsAsync(run, shard, rollback: true, cancellationToken),
        },
        _ => throw new ArgumentOutOfRangeException(nameof(run), run.Step.GetType().Name, "Not a transaction step."),
    };

    private static TransactionWork OfContract(StepRun run, PlanStep.Contract contract) => new()
    {
        Table = contract.Table,
        Statements =
        [
            .. TriggerMapping.Drop(contract.RemovesSync, contract.RemovesFill),
            .. contract.Statements,
            .. contract.WriteProbe is null ? (IEnumerable<string>)[] : [contract.WriteProbe],
        ],
        Before = FencedGrants.Without(contract.Before, run.Plan.Spec.Versions),
        After = FencedGrants.Without(contract.After, run.Plan.Spec.Versions),
        InFunction = contract.InFunction,
        Guards = (shard, cancellationToken) => ContractGuardsAsync(run, contract, shard, cancellationToken),
    };

    private static async Task<IReadOnlyList<DdlGuard>> ContractGuardsAsync(
        StepRun run, PlanStep.Contract contract, TargetShard shard, CancellationToken cancellationToken)
    {
        var fence = await FenceControl.ReadAsync(shard.DataSource, run.Migration, cancellationToken);
        var guards = new List<DdlGuard>
        {
            new(
                """
                select coordinator.require(
                    exists (select 1 from coordinator.fence where migration = $1 and generation = $2 and mode = 'closed'),
                    'CO002', 'FENCE_MOVED: the fence of this migration is not closed at the generation that contract expects')
                """,
                run.Migration,
                fence?.Generation ?? 0),
            new(
                """
                select coordinator.require(
                    not exists (select 1 from coordinator.ledger where migration = $1 and state <> 'done'),
                    'CO013', 'BATCH_OPEN: the ledger has a batch that is not done')
                """,
                run.Migration),
            new(
                """
                select coordinator.require(
                    not exists (select 1 from coordinator.quarantine where migration = $1 and waived_by is null),
                    'CO014', 'QUARANTINED_ROWS: rows are in quarantine that nobody waived')
                """,
                run.Migration),
        };
        var triggers = contract.RemovesSync.Select(sync => (sync.Table, sync.TriggerName))
            .Concat(contract.RemovesFill.Select(fill => (fill.Table, fill.TriggerName)))
            .ToList();
        guards.AddRange(triggers.Select(trigger => new DdlGuard(
            """
            select coordinator.require(problem is null, 'CO007', 'SYNC_TRIGGER_BROKEN: ' || problem)
              from coordinator.trigger_problem($1, $2, $3) as problem
            """,
            run.Migration,
            trigger.Table.Sql,
            trigger.TriggerName)));
        // The trigger works now; that it did all the time since the last verification is what these ask.
        guards.AddRange(run.Verified
            .Where(verified => verified.Shard == shard.Name && triggers.Contains((verified.Table, verified.Trigger)))
            .Select(verified => TableEvidence.Guard(
                new TableName(verified.Table.Schema, verified.Table.Name), verified.Trigger, verified.Hash)));
        guards.AddRange(await VersionFence.GuardsAsync(run, shard, rollback: false, cancellationToken));
        return guards;
    }
}
