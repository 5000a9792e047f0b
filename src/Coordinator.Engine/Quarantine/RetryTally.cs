using Coordinator.Postgres.Quarantine;

namespace Coordinator.Engine.Quarantine;

/// <summary>Counts what becomes of rows that are tried again.</summary>
internal sealed class RetryTally
{
    private readonly Dictionary<RetryOutcome, long> _counts = [];

    public long Tried => _counts.Values.Sum();

    public long Untried { get; set; }

    public RetryResult Sum => new(Of(RetryOutcome.Repaired), Of(RetryOutcome.Gone), Of(RetryOutcome.StillBad) + Of(RetryOutcome.Busy), Untried);

    public void Add(RetryOutcome outcome) => _counts[outcome] = Of(outcome) + 1;

    /// <summary>As it is stored for a repeat of the request.</summary>
    public Dictionary<string, long> Pack()
    {
        var result = Sum;
        return new Dictionary<string, long>
        {
            ["repaired"] = result.Repaired,
            ["gone"] = result.Gone,
            ["still_bad"] = result.StillBad,
            ["untried"] = result.Untried,
        };
    }

    public static RetryResult Unpack(IReadOnlyDictionary<string, long> stored) =>
        new(stored["repaired"], stored["gone"], stored["still_bad"], stored["untried"]);

    private long Of(RetryOutcome outcome) => _counts.GetValueOrDefault(outcome);
}
