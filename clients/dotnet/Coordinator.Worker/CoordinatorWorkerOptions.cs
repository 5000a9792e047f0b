using System.Globalization;
using System.Security.Cryptography;
using Coordinator.Worker.Handlers;

namespace Coordinator.Worker;

/// <summary>What a backfill worker may do, and how much of it at once.</summary>
public sealed class CoordinatorWorkerOptions
{
    /// <summary>
    /// The worker's own id; 1 to 200 printable ASCII characters, another one for each process. By default the machine's
    /// name, the process id and eight random hexadecimal digits.
    /// </summary>
    public string WorkerId { get; set; } = NewWorkerId();

    /// <summary>
    /// The targets that this worker serves: the target's name and the connection string of the worker's role in it. A
    /// target of several shards has one entry for each, named <c>target/shard</c>. At least one is required. Connection
    /// strings are never logged and never leave the process.
    /// </summary>
    public IDictionary<string, string> Targets { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// The application's own code for batches, by the name that specifications use (<c>backfill: { handler: name }</c>;
    /// lower-case letters, digits and hyphens, at most 63). Batches that need a handler go only to workers that have it.
    /// None by default, at most 100. In a host, <c>AddBackfillHandler</c> makes one for each batch.
    /// </summary>
    public IDictionary<string, IBackfillHandler> Handlers { get; } =
        new Dictionary<string, IBackfillHandler>(StringComparer.Ordinal);

    /// <summary>How many batches run at the same time. 1 by default.</summary>
    public int Parallelism { get; set; } = 1;

    /// <summary>
    /// How many batches are leased beyond those that run, so that the next one is at hand when one ends: at most so many, and no more than
    /// take about half a second. 10 by default; together with <see cref="Parallelism"/> at most 100.
    /// </summary>
    public int Prefetch { get; set; } = 10;

    /// <summary>Only batches of this migration are asked for; empty, the default, is any.</summary>
    public string Migration { get; set; } = "";

    /// <summary>
    /// A batch is not started when less than this is left of its lease (or a quarter of the lease, if that is shorter):
    /// somebody else is about to get it. 2 seconds by default.
    /// </summary>
    public TimeSpan StartMargin { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long finished batches are collected before they are reported together. 250 milliseconds by default; a worker
    /// that has nothing else to do reports at once.
    /// </summary>
    public TimeSpan ReportDelay { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long running batches may go on after the worker was told to stop. 10 seconds by default.</summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Adds a handler that is one method; see <see cref="IBackfillHandler.RunAsync"/>.</summary>
    /// <exception cref="ArgumentException">There is a handler of that name.</exception>
    public void AddHandler(string name, Func<BatchContext, CancellationToken, Task<long>> run)
    {
        ArgumentNullException.ThrowIfNull(run);
        Handlers.Add(name, new DelegateHandler(run));
    }

    private static string NewWorkerId()
    {
        var random = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        var machine = string.Concat(Environment.MachineName.Where(c => c is > ' ' and <= '~'));
        return string.Create(CultureInfo.InvariantCulture, $"{machine}-{Environment.ProcessId}-{random}");
    }
}
