namespace Coordinator.Engine.Leasing;

/// <summary>
/// Leases backfill batches to workers. A lease says who should work on a batch and until when, by the coordination
/// database's clock; whether the batch takes effect is decided in the target, so nothing here is needed for safety.
/// </summary>
public sealed class BatchLeasing
{
    private readonly BatchGrants _grants;
    private readonly BatchReports _reports;
    private readonly HandlerOffers _offers;

    /// <summary>Keeps nothing between calls that an answer depends on: any replica may answer any of them.</summary>
    public BatchLeasing(CoordinationDatabase database, EngineOptions options)
        : this(database, options, new HandlerOffers(database, TimeProvider.System))
    {
    }

    internal BatchLeasing(CoordinationDatabase database, EngineOptions options, HandlerOffers offers)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(options);
        _grants = new BatchGrants(database, options);
        _reports = new BatchReports(database, options);
        _offers = offers;
    }

    /// <summary>
    /// Leases up to <paramref name="max"/> batches of running backfills on the targets. A repeat of the same request
    /// returns those of its leases that still hold. None when there is nothing to do now, or no more may run now.
    /// Of its leases a worker runs <paramref name="parallelism"/> at once; only those count against limits. Batches that
    /// need a handler are for workers that name it among <paramref name="handlers"/>.
    /// </summary>
    /// <exception cref="EngineException">The input is malformed, or <paramref name="migration"/> is not known.</exception>
    public async Task<IReadOnlyList<GrantedBatch>> AcquireAsync(
        string worker,
        IReadOnlyCollection<string> targets,
        int max,
        Guid requestId,
        string? migration,
        int parallelism,
        IReadOnlyCollection<string> handlers,
        CancellationToken cancellationToken)
    {
        LeasingInput.CheckAcquire(worker, targets, max, requestId, migration);
        LeasingInput.CheckHandlers(handlers);
        var request = new AcquireRequest(
            worker, targets, max, requestId, migration ?? "", Math.Clamp(parallelism, 1, LeasingInput.MostBatches), handlers);
        await _offers.RecordAsync(request, cancellationToken);
        return await _grants.AcquireAsync(request, cancellationToken);
    }

    /// <summary>As the other overload, for a worker without handlers: it gets batches that are a statement.</summary>
    /// <exception cref="EngineException">The input is malformed, or <paramref name="migration"/> is not known.</exception>
    public Task<IReadOnlyList<GrantedBatch>> AcquireAsync(
        string worker,
        IReadOnlyCollection<string> targets,
        int max,
        Guid requestId,
        string? migration,
        int parallelism,
        CancellationToken cancellationToken) =>
        AcquireAsync(worker, targets, max, requestId, migration, parallelism, [], cancellationToken);

    /// <summary>As the other overload, for a worker that may run all of its leases at once.</summary>
    /// <exception cref="EngineException">The input is malformed, or <paramref name="migration"/> is not known.</exception>
    public Task<IReadOnlyList<GrantedBatch>> AcquireAsync(
        string worker,
        IReadOnlyCollection<string> targets,
        int max,
        Guid requestId,
        string? migration,
        CancellationToken cancellationToken) =>
        AcquireAsync(worker, targets, max, requestId, migration, LeasingInput.MostBatches, cancellationToken);

    /// <summary>Extends leases; one that is not in the answer is lost, and stays lost.</summary>
    public async Task<IReadOnlyList<LeaseToken>> RenewAsync(
        string worker, IReadOnlyCollection<LeaseToken> tokens, CancellationToken cancellationToken)
    {
        LeasingInput.CheckTokens(worker, tokens);
        return tokens.Count == 0 ? [] : await _reports.RenewAsync(worker, tokens, cancellationToken);
    }

    /// <summary>
    /// Records batches as committed. Repeats, late reports and reports of a batch that was leased again meanwhile are
    /// fine; what can be recorded is recorded also when another receipt of the same call is refused.
    /// </summary>
    /// <exception cref="EngineException">
    /// A backfill is not known (<c>BACKFILL_NOT_FOUND</c>), or a receipt is from another incarnation of the target
    /// than the one in use (<c>TARGET_MOVED</c>).
    /// </exception>
    public async Task CompleteAsync(
        string worker, IReadOnlyCollection<BatchReceipt> receipts, CancellationToken cancellationToken)
    {
        LeasingInput.CheckTokens(worker, receipts.Select(receipt => receipt.Token).ToList());
        if (receipts.Count > 0)
        {
            await _reports.CompleteAsync(receipts, cancellationToken);
        }
    }

    /// <summary>Gives batches back that did not commit. A lease that is not the worker's any more is passed over.</summary>
    public async Task ReleaseAsync(
        string worker, IReadOnlyCollection<BatchRelease> releases, CancellationToken cancellationToken)
    {
        LeasingInput.CheckTokens(worker, releases.Select(release => release.Token).ToList());
        if (releases.Count > 0)
        {
            await _reports.ReleaseAsync(worker, releases, cancellationToken);
        }
    }
}
