using System.Globalization;
using Coordinator.BackfillBench.Segments;

namespace Coordinator.BackfillBench;

/// <summary>Segments measured one after another in a shuffled order, over and over; a rate means something beside another of the same run only.</summary>
internal sealed class Comparison(BenchCluster cluster, int rows, BenchOptions options)
{
    private readonly Dictionary<string, List<double>> _rates = [];

    public async Task RunAsync(IReadOnlyList<Segment> segments)
    {
        segments = [.. segments.Where((segment, place) => place == 0 || segment.Name.Contains(options.Only, StringComparison.Ordinal))];
        await cluster.PrepareAsync(rows);
        // One that is not counted, so that the first segment finds code, files and caches as warm as the others do.
        await MeasureAsync(segments[0]);
        for (var repetition = 1; repetition <= options.Repetitions; repetition++)
        {
            var order = segments.ToArray();
            Random.Shared.Shuffle(order);
            foreach (var segment in order)
            {
                var rate = rows / (await MeasureAsync(segment)).TotalSeconds;
                _rates.TryAdd(segment.Name, []);
                _rates[segment.Name].Add(rate);
                Report.Meanwhile($"  {repetition}/{options.Repetitions} {segment.Name}: {rate:N0} rows/s");
            }
        }
    }

    public double Median(string segment) => Statistics.Median(_rates[segment]);

    /// <summary>One line per segment, beside the named one.</summary>
    public void Print(string title, string baseline, IReadOnlyList<Segment> segments)
    {
        Report.Line();
        Report.Line($"{title}: {rows:N0} rows, {options.Repetitions} repetition(s); rows/s median (min–max), × {baseline}");
        foreach (var segment in segments.Where(segment => _rates.ContainsKey(segment.Name)))
        {
            var rates = _rates[segment.Name];
            Report.Line(
                $"  {segment.Name,-28} {Median(segment.Name),10:N0} ({rates.Min():N0}–{rates.Max():N0})  {Median(segment.Name) / Median(baseline):0.00}");
        }
    }

    /// <summary>An aim of the project and whether this run meets it.</summary>
    public void Aim(string segment, string baseline, double atLeast)
    {
        if (!_rates.ContainsKey(segment) || !_rates.ContainsKey(baseline))
        {
            return;
        }

        var ratio = Median(segment) / Median(baseline);
        Report.Aim($"{segment} ≥ {atLeast:0.00} × {baseline}: {ratio:0.00}", ratio >= atLeast);
    }

    private async Task<TimeSpan> MeasureAsync(Segment segment)
    {
        const string size = "select pg_relation_size('item')";
        await using var database = await cluster.CopyAsync(rows);
        var before = await database.ScalarAsync<long>(size);
        var elapsed = await segment.RunAsync(database);
        await CheckAsync(segment, database);
        var growth = (double)await database.ScalarAsync<long>(size) / before - 1;
        Report.Meanwhile(string.Create(CultureInfo.InvariantCulture, $"    the table grew by {growth:P0}"));
        return elapsed;
    }

    /// <summary>A segment that leaves rows out is no faster than the others.</summary>
    private static async Task CheckAsync(Segment segment, BenchDatabase database)
    {
        var renamed = await database.ScalarAsync<bool>(
            "select exists (select from information_schema.columns where table_name = 'item' and column_name = 'amount_value')");
        var copy = renamed ? "amount_value" : "value_copy";
        var missed = await database.ScalarAsync<long>($"select count(*) from item where {copy} is distinct from value");
        if (missed > 0)
        {
            throw new InvalidOperationException($"'{segment.Name}' left {missed} rows unfilled.");
        }
    }
}
