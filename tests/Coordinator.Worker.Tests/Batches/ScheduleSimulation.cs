using System.Globalization;
using Coordinator.Worker.Batches;
using Npgsql;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>
/// Eight workers on thirty batches in a random order of statements: a seed decides at every step which worker sends its
/// next statement, who stops for long, who crashes, whose lease lapses (any, at any moment), whose grant is delivered twice, whose report
/// is lost, and when the coordination database loses its tail. No clock takes part, so a seed repeats its run but for
/// the order in which waiting sessions are woken.
/// </summary>
internal sealed class ScheduleSimulation(BatchTarget target, ProtocolVariant variant, int seed)
{
    public const int Batches = 30;

    private const int Workers = 8;
    private const int MaxSteps = 100_000;

    private readonly Random _random = new(seed);
    private readonly BelievedBatch[] _believed = [.. Enumerable.Range(1, Batches).Select(number => new BelievedBatch(number))];
    private readonly Dictionary<long, BatchGrant> _raised = [];
    private BelievedBatch? _forgotten;
    private int _supersededCommits;
    private int _takeovers;
    private int _crashes;

    /// <summary>What went wrong, by kind; all zero for a protocol that holds.</summary>
    internal sealed record Result(int Seed, long Double, long Missed, int SupersededCommits, int Takeovers, int Crashes)
    {
        public bool Violated => Double + Missed + SupersededCommits > 0;
    }

    public async Task<Result> RunAsync()
    {
        var connectionString =
            new NpgsqlConnectionStringBuilder(target.Target.Roles.WorkerConnectionString) { Pooling = false }.ConnectionString;
        var workers = Enumerable.Range(0, Workers).Select(_ => new SimulatedWorker(connectionString)).ToArray();
        var steps = 0;
        // A mutant has been found out with its first violation.
        while (!Finished(workers) && !(variant != ProtocolVariant.Real && SeenViolation))
        {
            Assert.True(++steps < MaxSteps, $"seed {seed}: no end after {MaxSteps} steps");
            var worker = workers[_random.Next(Workers)];
            if (worker.StoppedUntil > steps)
            {
                continue;
            }

            if (Chance(0.02))
            {
                // Stopped past its lease, wherever it stands: long enough for a successor to finish.
                worker.StoppedUntil = steps + _random.Next(400);
            }

            await StepAsync(workers, worker);
        }

        var finished = Finished(workers);
        foreach (var worker in workers)
        {
            await worker.CrashAsync(target.Database.DataSource);
        }

        return new Result(
            seed,
            await CountAsync("max(n) > 1"),
            finished ? await CountAsync("min(n) < 1") : 0,
            _supersededCommits,
            _takeovers,
            _crashes);
    }

    private bool SeenViolation => _supersededCommits > 0 || _believed.Any(batch => batch.Commits > 1);

    private bool Finished(SimulatedWorker[] workers) =>
        _believed.All(batch => batch.Done) && workers.All(worker => worker.Grant is null);

    private async Task StepAsync(SimulatedWorker[] workers, SimulatedWorker worker)
    {
        if (Chance(0.015))
        {
            LoseTail(workers);
        }

        if (worker.Grant is null)
        {
            Acquire(workers, worker);
        }
        else if (worker.ProcessId != 0 && Chance(0.02))
        {
            _crashes++;
            await worker.CrashAsync(target.Database.DataSource);
        }
        else
        {
            worker.InFlight ??= worker.StepAsync();
            if (await EndsOrWaitsAsync(worker))
            {
                var result = await worker.InFlight;
                worker.InFlight = null;
                Learn(worker, worker.Grant, result);
            }
        }
    }

    /// <summary>True when the statement has ended, false when its session waits for a lock.</summary>
    private async Task<bool> EndsOrWaitsAsync(SimulatedWorker worker)
    {
        while (!worker.InFlight!.IsCompleted)
        {
            await using var command = target.Database.DataSource.CreateCommand(
                "select exists (select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock')");
            command.Parameters.Add(new NpgsqlParameter { Value = worker.ProcessId });
            if (await command.ExecuteScalarAsync() is true)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A lease may lapse at any moment, so any batch that is not known to be done can be granted again.</summary>
    private void Acquire(SimulatedWorker[] workers, SimulatedWorker worker)
    {
        if (worker.Last is { } last && Chance(0.1))
        {
            Start(worker, last);
            return;
        }

        var open = _believed.Where(batch => !batch.Done).ToList();
        var held = open.Where(batch => workers.Any(other => other.Grant?.Batch == batch.Number)).ToList();
        var candidates = held.Count > 0 && Chance(0.4) ? held : open;
        if (candidates.Count == 0)
        {
            return;
        }

        var chosen = _forgotten is { Done: false } ? _forgotten : candidates[_random.Next(candidates.Count)];
        _forgotten = null;
        _takeovers += chosen.Epoch > 0 ? 1 : 0;
        // The lease's name comes from the seed too.
        var lease = new byte[16];
        _random.NextBytes(lease);
        Start(worker, target.Grant(chosen.Number, ++chosen.Epoch, lease: new Guid(lease)) with
        {
            LockTimeout = TimeSpan.FromMinutes(5),
            StatementTimeout = TimeSpan.FromMinutes(5),
        });
    }

    private void Start(SimulatedWorker worker, BatchGrant grant)
    {
        var raising = variant.Raises && grant.Epoch > 1;
        worker.Start(grant, raising ? BatchProtocol.Raise(grant) : variant.Batch(grant), raising);
    }

    private void Learn(SimulatedWorker worker, BatchGrant grant, SimulatedWorker.StepResult result)
    {
        var believed = _believed[grant.Batch - 1];
        worker.Answer = result.Answer ?? worker.Answer;
        if (result.SqlState is not null)
        {
            believed.Done |= result.SqlState == "CO004";
            Assert.True(
                result.SqlState is "CO001" or "CO003" or "CO004" or "CO005" || variant != ProtocolVariant.Real,
                $"seed {seed}: {result.SqlState}");
            worker.Drop();
        }
        else if (result.Last && worker.Raising)
        {
            LearnRaise(worker, grant, believed);
        }
        else if (result.Last)
        {
            if (_raised.TryGetValue(grant.Batch, out var raised) && raised.LeaseId != grant.LeaseId && raised.Epoch >= grant.Epoch)
            {
                _supersededCommits++;
            }

            believed.Commits++;
            believed.Done |= Chance(0.85);
            worker.Drop();
        }
    }

    private void LearnRaise(SimulatedWorker worker, BatchGrant grant, BelievedBatch believed)
    {
        switch (worker.Answer)
        {
            case "raised":
                _raised[grant.Batch] = grant;
                worker.Start(grant, variant.Batch(grant), raising: false);
                break;
            case "done":
                believed.Done = true;
                worker.Drop();
                break;
            default:
                var seen = worker.Answer!.Split(':')[1];
                believed.Epoch = Math.Max(believed.Epoch, long.Parse(seen, CultureInfo.InvariantCulture));
                worker.Drop();
                break;
        }
    }

    /// <summary>
    /// The coordination database fails over and forgets a batch's last grant, and that it was done: where it hurts most,
    /// at a batch that somebody has just raised. The next lease that is asked for is of that batch, under the same epoch.
    /// </summary>
    private void LoseTail(SimulatedWorker[] workers)
    {
        var raised = workers.Where(worker => worker is { Grant.Epoch: > 1, Raising: false }).ToList();
        if (raised.Count > 0)
        {
            var batch = _believed[raised[_random.Next(raised.Count)].Grant!.Batch - 1];
            batch.Epoch = Math.Max(0, batch.Epoch - 1);
            batch.Done = false;
            _forgotten = batch;
        }
    }

    private Task<long> CountAsync(string condition) =>
        target.Database.ScalarAsync<long>(
            $"select count(*) from (select from public.{target.Table} group by batch having {condition}) as wrong");

    private bool Chance(double probability) => _random.NextDouble() < probability;

    private sealed class BelievedBatch(long number)
    {
        public long Number { get; } = number;

        public long Epoch { get; set; }

        public bool Done { get; set; }

        public int Commits { get; set; }
    }
}
