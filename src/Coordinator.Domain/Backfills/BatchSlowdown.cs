namespace Coordinator.Domain.Backfills;

/// <summary>
/// How much batches slow each other down. PostgreSQL shows nobody how busy its processors and disks are, but batches are alike, so what a
/// block takes with several at once, beside what it took with fewest, tells: when each gets much slower, one more gains little, and
/// everybody else on the server gets slower as they do.
/// </summary>
public sealed class BatchSlowdown
{
    /// <summary>
    /// For so long a backfill beside an application runs one batch at a time before a second is tried: the first sweeps of a table are
    /// the heaviest, and against them two at once would look harmless; and a try that fails costs the application a second or two, too
    /// much of a backfill that ends within a minute or so anyway.
    /// </summary>
    public static readonly TimeSpan LearningTime = TimeSpan.FromMinutes(1);

    // Looks come twice a second. Few enough to tell within two seconds of a change, enough that one batch more or less is not news.
    private const int LooksThatCount = 4;
    private const int LeastLooks = 2;

    // While batches run beside one too many, everybody waits: so much in a single look is no accident.
    private const double Clear = 1.5;

    private readonly Queue<BatchTiming> _now = new();
    private int _running;
    private int _level;
    private int _fewest;
    private double? _perBlockWithFewest;

    /// <summary>
    /// The time of a block now, as a multiple of its time with the fewest batches at once that were seen; 1 while so few run. Null while
    /// too little was measured since their number changed.
    /// </summary>
    public double? Factor { get; private set; }

    /// <summary>Whether batches run and their factor is not known yet.</summary>
    public bool Learning => _level > 0 && Factor is null;

    /// <summary>Takes in a look.</summary>
    /// <param name="running">How many batches run.</param>
    /// <param name="measured">What batches took since the last look; null for nothing.</param>
    public void Add(int running, BatchTiming? measured)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(running);
        // Between two batches a worker may seem to run none.
        var level = Math.Max(running, _running);
        _running = running;
        if (level != _level)
        {
            // What was measured until now ran beside another number of batches, at least in part.
            _level = level;
            _now.Clear();
            Factor = null;
            return;
        }

        if (level == 0 || measured is not { Blocks: > 0 })
        {
            return;
        }

        _now.Enqueue(measured);
        if (_now.Count > LooksThatCount)
        {
            _now.Dequeue();
        }

        Compare(_now.Sum(static timing => timing.Busy.TotalMilliseconds) / _now.Sum(static timing => timing.Blocks));
    }

    private void Compare(double perBlock)
    {
        var factor = _perBlockWithFewest > 0 ? perBlock / _perBlockWithFewest : (double?)null;
        // The first batches of all run cold: what all others are compared with takes more looks.
        if (_now.Count < (_fewest == 0 ? LooksThatCount : LeastLooks) && !(_level > _fewest && factor >= Clear))
        {
            return;
        }

        if (_fewest == 0 || _level <= _fewest)
        {
            _fewest = _level;
            _perBlockWithFewest = perBlock;
            factor = perBlock > 0 ? 1 : null;
        }
        else if (factor < 1)
        {
            // Company makes nobody faster: the work itself has become lighter, as that of sweeps does after the first few, and what it takes
            // alone is not known. This much at most; when it takes more than that again, it is company that slows it down.
            _perBlockWithFewest = perBlock;
            factor = null;
        }

        Factor = factor;
    }
}
