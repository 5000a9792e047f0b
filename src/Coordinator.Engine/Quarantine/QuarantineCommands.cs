using Coordinator.Domain;
using Coordinator.Domain.Backfills;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Driving;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Requests;
using Coordinator.Engine.Targets;
using Coordinator.EventStore;
using Coordinator.EventStore.Appending;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Quarantine;
using Npgsql;

namespace Coordinator.Engine.Quarantine;

/// <summary>
/// What operators do about rows that could not be filled: look at them, have them tried again, let them stay. The rows
/// stand in the target and are changed there first; who did it is recorded after it, and a repeat of a request that was
/// recorded answers what it answered then.
/// </summary>
public sealed class QuarantineCommands(
    IEventStore store, TargetRegistry targets, RequestStore requests, EngineOptions options)
{
    private const int KeysInEvent = 20;
    private const string Count = "count";
    private const int MostConflicts = 10;

    private readonly MigrationStream _migrations = new(store);

    /// <summary>The rows of one migration in quarantine, those that were waived too.</summary>
    /// <exception cref="EngineException">There is no such migration or step, or the token is not one that was given out.</exception>
    public async Task<QuarantinePage> ListAsync(
        string migration, string step, int pageSize, string pageToken, CancellationToken cancellationToken)
    {
        var plan = await PlanAsync(migration, step, cancellationToken);
        var after = PageToken.Parse(pageToken);
        var rows = new List<ShardRow>();
        long open = 0;
        long waived = 0;
        foreach (var shard in Shards(plan))
        {
            var steps = (await BackfilledTables.OfAsync(plan, step, shard, cancellationToken)).Select(table => table.Id).ToList();
            foreach (var each in steps)
            {
                var count = await OnAsync(
                    shard, () => QuarantineTable.CountAsync(shard.DataSource, migration, each, cancellationToken));
                open += count.Open;
                waived += count.Waived;
            }

            if (rows.Count > pageSize || string.CompareOrdinal(shard.Name, after.Shard) < 0)
            {
                continue;
            }

            var from = shard.Name == after.Shard ? (after.Step, after.Hash) : ("", "");
            var here = await OnAsync(shard, () => QuarantineTable.ListAsync(
                shard.DataSource,
                migration,
                new QuarantineSelection(steps, Keys: null),
                from,
                pageSize + 1 - rows.Count,
                cancellationToken));
            rows.AddRange(here.Select(row => new ShardRow(shard.Name, row)));
        }

        List<ShardRow> page = [.. rows.Take(pageSize)];
        return new QuarantinePage(page, rows.Count > pageSize ? PageToken.After(page[^1]) : "", open, waived);
    }

    /// <summary>
    /// Tries open rows again, each in a transaction of its own under the migration's fence, as a batch would. At most
    /// <see cref="EngineOptions.MostRowsPerRetry"/> in one call; those that failed longest ago first.
    /// </summary>
    /// <exception cref="EngineException">
    /// Nothing like that is in quarantine (<c>QUARANTINED_ROW_NOT_FOUND</c>), a row among them is a handler's to fill
    /// (<c>ROW_NEEDS_HANDLER</c>), or the migration is paused or past its gate (<c>FENCE_NOT_OPEN</c>).
    /// </exception>
    public async Task<RetryResult> RetryAsync(
        string migration, RowChoice choice, RequestContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(choice);
        CheckChoice(choice);
        var order = new Order("quarantine-retry", migration, choice, "");
        var plan = await PlanAsync(migration, choice.Step, cancellationToken);
        if (await requests.FindNumbersAsync(context.RequestId, order, cancellationToken) is { } told)
        {
            return RetryTally.Unpack(told);
        }

        var tally = new RetryTally();
        var found = 0L;
        var tables = await TablesAsync(plan, choice.Step, cancellationToken);
        await RequireNoHandlersRowsAsync(migration, tables, choice, cancellationToken);
        foreach (var (shard, backfill) in tables)
        {
            var before = tally.Sum;
            found += await OnAsync(shard, () => RetryAsync(migration, backfill, shard, choice, tally, cancellationToken));
            if (tally.Sum == before)
            {
                continue;
            }

            await RecordAsync(
                migration,
                backfill.Id,
                Since(before, tally.Sum, context.Actor),
                context,
                cancellationToken);
        }

        RequireFound(migration, choice, found);
        await requests.RememberAsync(context.RequestId, order, tally.Pack(), cancellationToken);
        return tally.Sum;
    }

    private static BackfillCommand.RetryRows Since(RetryResult before, RetryResult now, string actor) =>
        new(actor, now.Repaired - before.Repaired, now.Gone - before.Gone, now.StillBad - before.StillBad);

    /// <summary>Lets open rows stay as they are: they no longer keep the contract waiting.</summary>
    /// <returns>How many rows were waived.</returns>
    /// <exception cref="EngineException">
    /// The reason is missing, or nothing like that is in quarantine (<c>QUARANTINED_ROW_NOT_FOUND</c>).
    /// </exception>
    public async Task<long> WaiveAsync(
        string migration, RowChoice choice, string reason, RequestContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(choice);
        CheckChoice(choice);
        if (string.IsNullOrWhiteSpace(reason))
        {
            throw new EngineException(new Rejection(
                "WAIVER_REASON_MISSING",
                "Rows can't be waived without a reason.",
                "Say why they may stay as they are: whoever looks at them later will ask.",
                new Dictionary<string, string> { ["field"] = "reason" },
                RejectionKind.InvalidArgument));
        }

        var order = new Order("quarantine-waive", migration, choice, reason);
        var plan = await PlanAsync(migration, choice.Step, cancellationToken);
        if (await requests.FindNumbersAsync(context.RequestId, order, cancellationToken) is { } before)
        {
            return before[Count];
        }

        var count = 0L;
        foreach (var (shard, backfill) in await TablesAsync(plan, choice.Step, cancellationToken))
        {
            var keys = await OnAsync(shard, () => QuarantineTable.WaiveAsync(
                shard.DataSource, migration, Selection(choice, backfill), context.Actor, reason, cancellationToken));
            count += keys.Count;
            await RecordAsync(
                migration,
                backfill.Id,
                new BackfillCommand.WaiveRows(context.Actor, reason, [.. keys.Take(KeysInEvent)], keys.Count),
                context,
                cancellationToken);
        }

        RequireFound(migration, choice, count);
        await requests.RememberAsync(
            context.RequestId, order, new Dictionary<string, long> { [Count] = count }, cancellationToken);
        return count;
    }

    private async Task<long> RetryAsync(
        string migration,
        PlanStep.Backfill backfill,
        TargetShard shard,
        RowChoice choice,
        RetryTally tally,
        CancellationToken cancellationToken)
    {
        var retry = new QuarantineRetry(
            shard.DataSource,
            migration,
            new TableName(backfill.Table.Schema, backfill.Table.Name),
            backfill.Statement,
            backfill.TriggerName)
        {
            Key = KeyRanges.ToTarget(backfill.Key),
        };
        var rows = await QuarantineTable.ListAsync(
            shard.DataSource, migration, Selection(choice, backfill), ("", ""), int.MaxValue, cancellationToken);
        foreach (var row in rows.OrderBy(row => row.LastSeen))
        {
            if (tally.Tried >= options.MostRowsPerRetry)
            {
                tally.Untried++;
                continue;
            }

            try
            {
                tally.Add(await retry.RunAsync(row, cancellationToken));
            }
            catch (PostgresException refused) when (refused.SqlState is "CO002" or "CO008")
            {
                throw new EngineException(new Rejection(
                    "FENCE_NOT_OPEN",
                    $"Rows of migration '{migration}' can't be tried again now: {refused.MessageText}.",
                    $"If it is paused, run 'coordinator resume {migration}' and try again; once the contract runs it is too late.",
                    new Dictionary<string, string> { ["migration"] = migration }));
            }
            catch (PostgresException refused) when (!TargetUnavailableException.Means(refused))
            {
                throw new EngineException(new Rejection(
                    "QUARANTINE_RETRY_FAILED",
                    $"The backfill's statement can't work in the target: {refused.MessageText} ({refused.SqlState}).",
                    "No row is at fault. Remove the cause that the message names and try again.",
                    new Dictionary<string, string> { ["migration"] = migration, ["sql_state"] = refused.SqlState }));
            }
        }

        return rows.Count;
    }

    private async Task<MigrationPlan> PlanAsync(string migration, string step, CancellationToken cancellationToken)
    {
        var (state, _) = await _migrations.LoadAsync(migration, cancellationToken);
        if (state.Plan is not { } plan)
        {
            throw new EngineException(new Rejection(
                "MIGRATION_NOT_FOUND",
                $"There is no migration '{migration}'.",
                "Check the name.",
                new Dictionary<string, string> { ["migration"] = migration },
                RejectionKind.NotFound));
        }

        return step.Length == 0 || plan.Steps.OfType<PlanStep.Backfill>().Any(
            backfill => backfill.Id == step || (backfill.PerPartition && step.StartsWith(backfill.Id + "-", StringComparison.Ordinal)))
            ? plan
            : throw new EngineException(new Rejection(
                "BACKFILL_NOT_FOUND",
                $"Migration '{migration}' has no backfill '{step}'.",
                "Look at the steps of the migration's plan.",
                new Dictionary<string, string> { ["migration"] = migration, ["step"] = step },
                RejectionKind.NotFound));
    }

    // What the event store has of the backfill decides the version; a driver may append at the same time.
    private async Task RecordAsync(
        string migration,
        string step,
        BackfillCommand command,
        RequestContext context,
        CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (state, version) = await BackfillStream.LoadAsync(store, migration, step, cancellationToken);
            if (BackfillDecider.Decide(command, state) is not Decision<BackfillEvent>.Accepted { Events: { Count: > 0 } events })
            {
                return;
            }

            try
            {
                await using var session = store.OpenSession(MigrationStream.Metadata(context));
                session.AppendExpecting<BackfillState>(BackfillStream.Key(migration, step), version, [.. events]);
                await session.SaveChangesAsync(cancellationToken);
                return;
            }
            catch (ConcurrencyException) when (attempt < MostConflicts)
            {
                // The driver was first; decided again on what is now the case.
            }
        }
    }

    private IReadOnlyList<TargetShard> Shards(MigrationPlan plan) =>
        [.. targets.Get(plan.Spec.Target).Shards.OrderBy(shard => shard.Name, StringComparer.Ordinal)];

    private async Task<IReadOnlyList<(TargetShard Shard, PlanStep.Backfill Table)>> TablesAsync(
        MigrationPlan plan, string step, CancellationToken cancellationToken)
    {
        var tables = new List<(TargetShard, PlanStep.Backfill)>();
        foreach (var shard in Shards(plan))
        {
            tables.AddRange((await BackfilledTables.OfAsync(plan, step, shard, cancellationToken)).Select(table => (shard, table)));
        }

        return tables;
    }

    private static QuarantineSelection Selection(RowChoice choice, PlanStep.Backfill backfill) =>
        new([backfill.Id], choice.All ? null : choice.Keys, OnlyOpen: true);

    private static void CheckChoice(RowChoice choice)
    {
        if (choice.All != (choice.Keys.Count == 0))
        {
            throw new EngineException(new Rejection(
                "INVALID_ROW_CHOICE",
                "The request does not say which rows are meant.",
                "Name the keys of the rows as they are listed, or ask for all of them; not both.",
                new Dictionary<string, string> { ["field"] = "keys" },
                RejectionKind.InvalidArgument));
        }
    }

    // Nothing is tried then, so that the answer never hides what became of other rows.
    private static async Task RequireNoHandlersRowsAsync(
        string migration,
        IReadOnlyList<(TargetShard Shard, PlanStep.Backfill Table)> tables,
        RowChoice choice,
        CancellationToken cancellationToken)
    {
        foreach (var (shard, backfill) in tables.Where(static each => each.Table.Handler is not null))
        {
            var rows = await OnAsync(shard, () => QuarantineTable.ListAsync(
                shard.DataSource, migration, Selection(choice, backfill), ("", ""), most: 1, cancellationToken));
            if (rows.Count > 0)
            {
                throw new EngineException(new Rejection(
                    "ROW_NEEDS_HANDLER",
                    $"Rows of {backfill.Table} can't be tried again from here, for example {rows[0].Key}: they are filled by handler "
                    + $"'{backfill.Handler}', which runs in workers, and there for whole batches.",
                    $"Write these rows as the handler would, and run 'coordinator quarantine waive {migration} --step {backfill.Id} --key KEY "
                    + "--reason WHY'; those that are deleted leave by themselves. Rows of other steps are tried with --step.",
                    new Dictionary<string, string> { ["migration"] = migration, ["step"] = backfill.Id }));
            }
        }
    }

    // All of nothing is no mistake; a key that is not there is one.
    private static void RequireFound(string migration, RowChoice choice, long found)
    {
        if (found == 0 && !choice.All)
        {
            throw new EngineException(new Rejection(
                "QUARANTINED_ROW_NOT_FOUND",
                $"Migration '{migration}' has no such row in quarantine that waits for anybody.",
                $"Copy a key exactly as 'coordinator quarantine list {migration}' shows it.",
                new Dictionary<string, string> { ["migration"] = migration },
                RejectionKind.NotFound));
        }
    }

    private static async Task<T> OnAsync<T>(TargetShard shard, Func<Task<T>> look)
    {
        try
        {
            return await look();
        }
        catch (PostgresException missing) when (missing.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
        {
            throw new EngineException(new Rejection(
                "MIGRATION_NOT_STARTED",
                $"Shard '{shard.Name}' of target '{shard.Target}' has no quarantine: no migration was started there yet.",
                "Start the migration first."));
        }
        catch (Exception exception) when (TargetUnavailableException.Means(exception))
        {
            throw new TargetUnavailableException(shard, exception);
        }
    }

    /// <summary>An order as it is compared with a repeat of itself.</summary>
    private sealed record Order(string Verb, string Migration, RowChoice Choice, string Reason);
}
