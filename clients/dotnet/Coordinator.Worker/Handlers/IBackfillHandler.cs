namespace Coordinator.Worker.Handlers;

/// <summary>
/// Application code that runs a backfill's batches: for what one UPDATE can't say. It is called inside the batch's
/// transaction, which belongs to the worker: what it does to the target through the <see cref="BatchContext"/> takes
/// effect exactly once, together with the batch's entry in the ledger, or not at all. What it does anywhere else (a
/// message sent, a service called) may happen more than once, since the transaction may fail after it: send
/// <see cref="BatchContext.IdempotencyKey"/> along. Called for several batches at the same time.
/// </summary>
public interface IBackfillHandler
{
    /// <summary>
    /// Runs one batch. An exception rolls it back and gives it back with the exception's message; it is tried again
    /// later, by this worker or another. When a row is at fault (<see cref="BadRowException"/>, or an error of the target about
    /// a value, a constraint or a trigger), the worker calls again at once, for parts of the batch, until such rows are alone;
    /// they go into quarantine and the others are filled, in one transaction. Each call does its work for <c>{range}</c>, no
    /// more and no less.
    /// </summary>
    /// <param name="batch">The batch and its transaction. Not to be used after the call has ended.</param>
    /// <param name="cancellationToken">
    /// Cancelled when the lease of the batch has ended or the worker has to stop: nobody waits for this run any more.
    /// </param>
    /// <returns>How many rows were written, for the progress that people see.</returns>
    public Task<long> RunAsync(BatchContext batch, CancellationToken cancellationToken);
}
