using Coordinator.Domain.Backfills;
using Coordinator.Domain.Specs;
using Coordinator.Engine.Leasing;
using Coordinator.Server.Errors;
using Google.Protobuf.WellKnownTypes;

namespace Coordinator.Server.Mapping;

/// <summary>Rates, estimates, paces and what is set for them, on the wire.</summary>
internal static class PaceMapping
{
    public static void Add(V1.Backfill backfill, BackfillProgress progress)
    {
        if (progress.RowsPerSecond is { } rate)
        {
            backfill.RowsPerSecond = rate;
        }

        if (progress.MeanRowsPerSecond is { } mean)
        {
            backfill.MeanRowsPerSecond = mean;
        }

        backfill.Estimate = progress.Estimate switch
        {
            EstimateState.Unknown => V1.Backfill.Types.Estimate.Unknown,
            EstimateState.Estimated => V1.Backfill.Types.Estimate.Estimated,
            EstimateState.Throttled => V1.Backfill.Types.Estimate.Throttled,
            EstimateState.Paused => V1.Backfill.Types.Estimate.Paused,
            EstimateState.Finished => V1.Backfill.Types.Estimate.Finished,
            _ => V1.Backfill.Types.Estimate.Unspecified,
        };
        backfill.RemainingDuration = progress.Left is { } left ? Duration.FromTimeSpan(left) : null;
        backfill.Paces.AddRange(progress.Paces.Select(ToProto));
        backfill.Tuning = progress.Paces.Count > 0 ? ToProto(progress.Paces[0].Settings) : null;
    }

    public static BackfillCommand.Tune ToDomain(V1.TuneBackfillRequest request, string actor) =>
        ToDomain(request.Tuning ?? new V1.BackfillTuning(), "tuning").ToTune(actor) with { Reset = request.Reset };

    /// <summary>Settings as a request has them in a field.</summary>
    public static BackfillSettings ToDomain(V1.BackfillTuning tuning, string field) => new()
    {
        MaxWait = Span($"{field}.max_wait", tuning.MaxWait),
        MaxParallel = tuning.HasMaxParallel ? tuning.MaxParallel : null,
        BatchRows = tuning.HasBatchRows ? tuning.BatchRows : null,
        PauseBetween = Span($"{field}.pause_between", tuning.PauseBetween),
        QuietHours = tuning.HasQuietHours ? tuning.QuietHours : null,
        Check = tuning.HasCheck ? tuning.Check : null,
    };

    private static TimeSpan? Span(string field, Duration? duration) => duration switch
    {
        null => null,
        { Seconds: >= 0 and < 86_400, Nanos: >= 0 and < 1_000_000_000 } => duration.ToTimeSpan(),
        _ => throw InvalidRequest.Field(field, "INVALID_DURATION", "The duration is negative, or longer than a day.", "Send a shorter one."),
    };

    private static V1.BackfillPace ToProto(BackfillPace pace)
    {
        var message = new V1.BackfillPace
        {
            Shard = pace.Shard,
            BatchBlockCount = pace.BatchBlocks,
            Stopped = pace.Stopped,
            NotBeforeTime = Timestamps.ToProto(pace.NotBefore),
            Move = System.Enum.TryParse<V1.BackfillPace.Types.Move>(pace.Move, ignoreCase: true, out var move) ? move : default,
            Signal = pace.Signal,
            Message = pace.Message,
            SinceTime = pace.Move.Length > 0 ? Timestamps.ToProto(pace.Since) : null,
            Signals = { pace.Signals.Select(ToProto) },
        };
        if (pace.Parallelism != int.MaxValue)
        {
            message.MaxRunningCount = pace.Parallelism;
        }

        if (pace.Reading is { } reading)
        {
            message.Reading = reading;
        }

        if (pace.Threshold is { } threshold)
        {
            message.Threshold = threshold;
        }

        return message;
    }

    private static V1.LoadSignal ToProto(LoadSignalRow signal)
    {
        var message = new V1.LoadSignal
        {
            Name = signal.Name,
            Unit = signal.Unit,
            Zone = System.Enum.TryParse<V1.LoadSignal.Types.Zone>(signal.Zone, ignoreCase: true, out var zone) ? zone : default,
            Problem = signal.Problem,
        };
        if (signal.Reading is { } reading)
        {
            message.Reading = reading;
        }

        if (signal is { Soft: { } soft, Hard: { } hard })
        {
            message.Soft = soft;
            message.Hard = hard;
        }

        return message;
    }

    private static V1.BackfillTuning ToProto(BackfillSettings settings)
    {
        var message = new V1.BackfillTuning
        {
            MaxWait = settings.MaxWait is { } wait ? Duration.FromTimeSpan(wait) : null,
            PauseBetween = settings.PauseBetween is { } pause ? Duration.FromTimeSpan(pause) : null,
        };
        if (settings.MaxParallel is { } parallel)
        {
            message.MaxParallel = parallel;
        }

        if (settings.BatchRows is { } rows)
        {
            message.BatchRows = rows;
        }

        if (settings.QuietHours is { } hours)
        {
            message.QuietHours = hours;
        }

        if (settings.Check is { } check)
        {
            message.Check = check;
        }

        return message;
    }
}
