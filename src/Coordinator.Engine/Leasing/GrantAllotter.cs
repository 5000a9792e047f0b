namespace Coordinator.Engine.Leasing;

/// <summary>
/// Decides which request of a round gets how much from where, one after the other, each on what those before it will have got.
/// A request gets batches of the backfill that has the most room. Who already runs all that he can may go on prefetching while a
/// limit is met, but not while it is exceeded. With others at work nobody gets more than his part of half of what is left, so that
/// he has no long tail while the others have nothing; batches become smaller for that, down to a tenth.
/// </summary>
internal sealed class GrantAllotter
{
    private readonly List<Room> _rooms;
    private readonly Dictionary<long, long> _onServer;
    private readonly long _serverLimit;
    private readonly Func<double> _random;

    /// <summary>Begins with what was read.</summary>
    /// <param name="sources">The backfills.</param>
    /// <param name="holders">The leases of the round's workers, by backfill and worker.</param>
    /// <param name="serverLimit">How many batches may run at once on one server.</param>
    /// <param name="random">Chooses among equals; from 0 to 1.</param>
    public GrantAllotter(
        IEnumerable<GrantSource> sources,
        IReadOnlyDictionary<(BackfillKey Backfill, string Worker), HeldLeases> holders,
        long serverLimit,
        Func<double> random)
    {
        _rooms = [.. sources.Select(source => new Room(source, holders))];
        _onServer = _rooms.DistinctBy(room => room.Source.Server).ToDictionary(room => room.Source.Server, room => room.Source.ServerRunning);
        _serverLimit = serverLimit;
        _random = random;
    }

    /// <summary>What the next request gets; null for nothing.</summary>
    public GrantAllotment? Next(AcquireRequest request)
    {
        var usable = _rooms.Where(room => MayGrant(room, request))
            .OrderBy(room => (double)room.Running / Math.Max(room.Source.Slots, 1)).ThenBy(_ => _random())
            .FirstOrDefault();
        return usable is null ? null : Take(usable, request);
    }

    private bool MayGrant(Room room, AcquireRequest request) => (room.Source.Lapsed || room.Remaining > 0) && Most(room, request) > 0;

    // Without a bound when all that the worker may run at once has room; else only as many as have room.
    private long Most(Room room, AcquireRequest request)
    {
        var mine = room.Of(request.Worker);
        var free = Math.Min(room.Source.Slots - room.Running, _serverLimit - _onServer[room.Source.Server]);
        var growth = Math.Max(request.Parallelism - mine.Running, 0);
        return growth <= free ? request.Max : Math.Min(request.Max, free + mine.Running - mine.Leases);
    }

    private GrantAllotment Take(Room room, AcquireRequest request)
    {
        var source = room.Source;
        var mine = room.Of(request.Worker);
        var most = Most(room, request);
        var alone = room.Holders - (mine.Leases > 0 ? 1 : 0) == 0;
        var sharers = Math.Max(room.Running + (mine.Leases == 0 ? 1 : 0), 1);
        var part = alone ? (long?)null : Math.Max((room.Remaining + (2 * sharers) - 1) / (2 * sharers), 1);
        var blocks = Math.Min(source.Size, Math.Max(Math.Max(part ?? source.Size, source.Size / 10), 1));
        var fair = part is { } bound ? Math.Min(most, Math.Max(bound / blocks, 1)) : most;
        // How many leases ran out is not known: then as many as there may be.
        var carved = source.Lapsed ? 0 : Math.Min(fair, (room.Remaining + blocks - 1) / blocks);
        room.Remaining -= Math.Min(room.Remaining, carved * blocks);
        var held = new HeldLeases(
            mine.Leases + (source.Lapsed ? most : carved),
            Math.Min(mine.Leases + (source.Lapsed ? most : carved), Math.Max(request.Parallelism, mine.Running)));
        room.Hold(request.Worker, held);
        _onServer[source.Server] += held.Running - mine.Running;
        return new GrantAllotment(request, source, most, fair, blocks);
    }

    private sealed class Room(GrantSource source, IReadOnlyDictionary<(BackfillKey Backfill, string Worker), HeldLeases> holders)
    {
        private readonly Dictionary<string, HeldLeases> _changed = new(StringComparer.Ordinal);

        public GrantSource Source => source;

        public long Running { get; private set; } = source.Running;

        public long Holders { get; private set; } = source.Holders;

        public long Remaining { get; set; } = source.Remaining;

        public HeldLeases Of(string worker) =>
            _changed.TryGetValue(worker, out var held) || holders.TryGetValue((source.Key, worker), out held) ? held : default;

        public void Hold(string worker, HeldLeases held)
        {
            var before = Of(worker);
            Running += held.Running - before.Running;
            Holders += before.Leases == 0 && held.Leases > 0 ? 1 : 0;
            _changed[worker] = held;
        }
    }
}
