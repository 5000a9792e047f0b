namespace Coordinator.Engine.Pacing;

/// <summary>The median of the last five readings: one that stands out, like a commit that met a checkpoint's flush, moves nothing.</summary>
internal sealed class MedianWindow
{
    private const int Length = 5;
    private const int Least = 3;

    private readonly Queue<double> _readings = new();

    /// <summary>The median; null while there are fewer than three readings.</summary>
    public double? Median
    {
        get
        {
            if (_readings.Count < Least)
            {
                return null;
            }

            var sorted = _readings.Order().ToArray();
            return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        }
    }

    public void Add(double reading)
    {
        _readings.Enqueue(reading);
        if (_readings.Count > Length)
        {
            _readings.Dequeue();
        }
    }
}
