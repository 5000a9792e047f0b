using Coordinator.Domain.Gates;
using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Health;
using Coordinator.Postgres.Sync;

namespace Coordinator.Engine.Driving;

/// <summary>
/// How long the old columns of a migration have been silent, by what the target counts, on every shard. The clock runs in this
/// process from the first look after the last old instance left: a driver that takes over begins anew, which only makes it longer.
/// Where the specification asks for no silence it looks at nothing.
/// </summary>
internal sealed class OldPathWatch(
    ContractRule rule, IReadOnlyList<SyncDefinition> syncs, Target target, TimeProvider time)
{
    private readonly Dictionary<string, Silence> _writes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Silence> _statements = new(StringComparer.Ordinal);

    /// <summary>For the old columns of a plan.</summary>
    public static OldPathWatch Of(StepRun run, TimeProvider time) => new(
        run.Plan.Spec.Contract,
        [.. run.Plan.Steps.OfType<PlanStep.InstallSync>().Select(step => step.Sync)],
        run.Target,
        time);

    /// <summary>An old instance came back: whatever was counted was its own.</summary>
    public void Forget()
    {
        _writes.Clear();
        _statements.Clear();
    }

    /// <summary>Looks again: what is not silent for long enough.</summary>
    public async Task<IReadOnlyList<Blocker>> LookAsync(CancellationToken cancellationToken)
    {
        var blockers = new List<Blocker>();
        foreach (var shard in rule is { OldWritesQuiet: null, StatementsQuiet: null } ? [] : target.Shards)
        {
            try
            {
                foreach (var sync in syncs)
                {
                    var subject = $"{sync.OldColumn} of {sync.Table} on shard '{shard.Name}'";
                    await LookAtWritesAsync(shard, sync, subject, blockers, cancellationToken);
                    await LookAtStatementsAsync(shard, sync, subject, blockers, cancellationToken);
                }
            }
            catch (Exception exception) when (TargetUnavailableException.Means(exception))
            {
                throw new TargetUnavailableException(shard, exception);
            }
        }

        return blockers;
    }

    private async Task LookAtWritesAsync(
        TargetShard shard, SyncDefinition sync, string subject, List<Blocker> blockers, CancellationToken cancellationToken)
    {
        if (rule.OldWritesQuiet is not { } quiet)
        {
            return;
        }

        var asked = time.GetTimestamp();
        var count = await OldWriteCounter.ReadAsync(shard.DataSource, TriggerMapping.ToTarget(sync), cancellationToken);
        if (!_writes.TryGetValue(subject, out var silence))
        {
            _writes[subject] = silence = new Silence(time.GetTimestamp()) { Count = count };
        }
        else if (count != silence.Count)
        {
            silence.Break(time.GetTimestamp(), Math.Max(0, count - silence.Count), null);
            silence.Count = count;
        }

        if (OldPath.Writes(subject, silence.Uses, silence.Until(asked, time), quiet) is { } blocker)
        {
            blockers.Add(blocker);
        }
    }

    private async Task LookAtStatementsAsync(
        TargetShard shard, SyncDefinition sync, string subject, List<Blocker> blockers, CancellationToken cancellationToken)
    {
        if (rule.StatementsQuiet is not { } quiet)
        {
            return;
        }

        var asked = time.GetTimestamp();
        var report = await StatementWitness.ReadAsync(
            shard.DataSource,
            new TableName(sync.Table.Schema, sync.Table.Name),
            sync.OldColumn,
            [.. target.WorkerRoles, .. target.IgnoredRoles],
            cancellationToken);
        if (!report.CanSee)
        {
            _statements.Remove(subject);
            blockers.Add(OldPath.CannotSee(subject, report.WhyNot!));
            return;
        }

        if (!_statements.TryGetValue(subject, out var silence))
        {
            _statements[subject] = silence = new Silence(time.GetTimestamp()) { Report = report };
        }
        else
        {
            Compare(silence, silence.Report!, report);
            silence.Report = report;
        }

        if (OldPath.Statements(subject, silence.Uses, silence.Last, silence.Until(asked, time), quiet) is { } blocker)
        {
            blockers.Add(blocker);
        }
    }

    private void Compare(Silence silence, StatementReport before, StatementReport now)
    {
        var ran = now.Statements
            .Select(entry => (entry.Value, More: entry.Value.Calls - (before.Statements.GetValueOrDefault(entry.Key)?.Calls ?? 0)))
            .Where(entry => entry.More > 0)
            .ToList();
        if (ran.Count > 0)
        {
            var (last, _) = ran.MaxBy(entry => entry.More);
            silence.Break(time.GetTimestamp(), ran.Sum(entry => entry.More), $"role {last.Role}: {last.Text}");
        }
        else if (before.Epoch != now.Epoch)
        {
            // Entries were thrown away meanwhile, perhaps one that had just run.
            silence.Break(time.GetTimestamp(), 0, null);
        }
    }

    private sealed class Silence(long since)
    {
        private long _since = since;

        public long Count { get; set; }

        public StatementReport? Report { get; set; }

        public long Uses { get; private set; }

        public string? Last { get; private set; }

        public void Break(long at, long uses, string? last)
        {
            _since = at;
            Uses += uses;
            Last = last ?? Last;
        }

        /// <summary>How long it has lasted at the moment in which the look began.</summary>
        public TimeSpan Until(long asked, TimeProvider time) =>
            asked <= _since ? TimeSpan.Zero : time.GetElapsedTime(_since, asked);
    }
}
