using Coordinator.V1;

namespace Coordinator.Worker.Leases;

/// <summary>
/// The leases that this worker holds: those that wait in order and those whose batches run. A lease is counted on the
/// monotonic clock from when the request that brought it was sent, so it never seems longer here than it is.
/// </summary>
internal sealed class LeaseBook(TimeProvider timeProvider)
{
    private static readonly TimeSpan LeastRenewalPause = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly LinkedList<HeldLease> _waiting = [];
    private readonly Dictionary<LeaseToken, HeldLease> _held = [];

    /// <summary>Raised when a lease came, went or was taken.</summary>
    public Signal Changed { get; } = new();

    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Those that wait and those that run.</summary>
    public int Held
    {
        get
        {
            lock (_lock)
            {
                return _held.Count;
            }
        }
    }

    /// <summary>How long until a lease should be extended; null when there is none that could be.</summary>
    public TimeSpan? RenewalDueIn
    {
        get
        {
            lock (_lock)
            {
                if (_held.Values.Where(lease => !lease.Lost).MinBy(lease => lease.RenewAt) is not { } first)
                {
                    return null;
                }

                var due = timeProvider.GetElapsedTime(timeProvider.GetTimestamp(), first.RenewAt);
                return due > TimeSpan.Zero ? due : TimeSpan.Zero;
            }
        }
    }

    /// <summary>Takes in what a request brought that was first sent at the given time.</summary>
    public void Add(IEnumerable<BatchLease> batches, long sentAt)
    {
        lock (_lock)
        {
            foreach (var batch in batches)
            {
                var lease = new HeldLease(batch);
                if (_held.TryAdd(lease.Token, lease))
                {
                    Extend_NeedsLock(lease, sentAt, batch.LeaseDuration?.ToTimeSpan() ?? TimeSpan.Zero);
                    _waiting.AddLast(lease);
                }
            }
        }

        Changed.Raise();
    }

    /// <summary>The lease that has waited longest; null when none waits. It counts as held until it is forgotten.</summary>
    public HeldLease? TakeNext()
    {
        HeldLease? lease;
        lock (_lock)
        {
            lease = _waiting.First?.Value;
            if (lease is null)
            {
                return null;
            }

            _waiting.RemoveFirst();
        }

        Changed.Raise();
        return lease;
    }

    /// <summary>Whether the batch may be started now: the lease was not lost and enough of it is left.</summary>
    public bool MayStart(HeldLease lease, TimeSpan margin)
    {
        lock (_lock)
        {
            var left = timeProvider.GetElapsedTime(timeProvider.GetTimestamp(), lease.Deadline);
            var needed = lease.Duration / 4 < margin ? lease.Duration / 4 : margin;
            return !lease.Lost && left > needed;
        }
    }

    /// <summary>How much of the lease is left; null when it was lost or is over.</summary>
    public TimeSpan? TimeLeft(HeldLease lease)
    {
        lock (_lock)
        {
            var left = timeProvider.GetElapsedTime(timeProvider.GetTimestamp(), lease.Deadline);
            return lease.Lost || left <= TimeSpan.Zero ? null : left;
        }
    }

    /// <summary>All leases together, however recent: one call for all of them. Null when there is none.</summary>
    public RenewalRound? NextRenewal()
    {
        lock (_lock)
        {
            List<HeldLease> leases = [.. _held.Values.Where(lease => !lease.Lost)];
            return leases.Count == 0
                ? null
                : new RenewalRound([.. leases.Select(lease => lease.Token)], leases.Min(lease => lease.Duration));
        }
    }

    /// <summary>
    /// Takes in the answer to a renewal. A lease that was asked for and is not in the answer is lost: if its batch has
    /// not been started, it is dropped here; if it runs, the target's ledger decides.
    /// </summary>
    /// <returns>The leases that were lost.</returns>
    public IReadOnlyList<HeldLease> Renewed(
        IReadOnlyCollection<LeaseToken> asked, IReadOnlyCollection<LeaseToken> renewed, long sentAt, TimeSpan duration)
    {
        var lost = new List<HeldLease>();
        var extended = renewed.ToHashSet();
        lock (_lock)
        {
            foreach (var token in asked)
            {
                if (!_held.TryGetValue(token, out var lease))
                {
                    continue;
                }

                if (extended.Contains(token))
                {
                    Extend_NeedsLock(lease, sentAt, duration);
                    continue;
                }

                lease.Lost = true;
                lost.Add(lease);
                if (_waiting.Remove(lease))
                {
                    _held.Remove(token);
                }
            }
        }

        Changed.Raise();
        return lost;
    }

    /// <summary>A renewal was not answered: it is tried again after a part of what a renewal normally waits.</summary>
    public void RenewalFailed(IReadOnlyCollection<LeaseToken> asked)
    {
        lock (_lock)
        {
            foreach (var lease in asked.Select(token => _held.GetValueOrDefault(token)).OfType<HeldLease>())
            {
                lease.RenewAt = timeProvider.GetTimestamp() + Ticks(RenewalPause(lease.Duration / 9));
            }
        }
    }

    /// <summary>Ends a lease that was taken.</summary>
    public void Forget(HeldLease lease)
    {
        lock (_lock)
        {
            _held.Remove(lease.Token);
        }

        Changed.Raise();
    }

    /// <summary>Ends all waiting leases that match, and hands them over to be given back.</summary>
    public IReadOnlyList<HeldLease> TakeWaiting(Func<BatchLease, bool> matches)
    {
        List<HeldLease> taken;
        lock (_lock)
        {
            taken = [.. _waiting.Where(lease => matches(lease.Batch))];
            foreach (var lease in taken)
            {
                _waiting.Remove(lease);
                _held.Remove(lease.Token);
            }
        }

        Changed.Raise();
        return taken;
    }

    private void Extend_NeedsLock(HeldLease lease, long sentAt, TimeSpan duration)
    {
        lease.Duration = duration > TimeSpan.Zero ? duration : lease.Duration;
        lease.Deadline = Math.Max(lease.Deadline, sentAt + Ticks(lease.Duration));
        lease.RenewAt = sentAt + Ticks(RenewalPause(lease.Duration / 3));
    }

    private static TimeSpan RenewalPause(TimeSpan pause) => pause > LeastRenewalPause ? pause : LeastRenewalPause;

    private long Ticks(TimeSpan duration) => (long)(duration.TotalSeconds * timeProvider.TimestampFrequency);
}
