using Coordinator.Cli.Invocation;
using Coordinator.Cli.Output;
using Coordinator.Cli.Streaming;
using Coordinator.V1;
using Verdict = Coordinator.V1.Readiness.Types.Verdict;

namespace Coordinator.Cli.Readiness;

/// <summary>Asks one question, or several as one, once or until the answer is not "not yet". It only reads: ending it at any moment changes nothing.</summary>
internal sealed class ReadinessInquiry(CommandContext context, CheckRequest request, string what)
{
    public async Task<int> AskAsync(CancellationToken cancellationToken)
    {
        var response = await context.Client.Readiness.CheckAsync(request, context.Query(cancellationToken));
        return Answer(response.Readiness);
    }

    public async Task<int> WaitAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = new TimeLimit(timeout, context.Environment.Time, cancellationToken);
        var watched = new WatchRequest { Question = request.Question, Questions = { request.Questions } };
        var stream = new ResilientStream<WatchResponse>(
            token => context.Client.Readiness.Watch(watched, cancellationToken: token), context.Environment);
        V1.Readiness? last = null;
        try
        {
            await foreach (var response in stream.ReadAsync(limit.Token))
            {
                last = response.Readiness;
                if (last.Verdict != Verdict.Wait)
                {
                    return Answer(last);
                }

                context.Note(
                    $"{TimeText.TimeOfDay(context.Environment.Time.GetUtcNow())} not yet: {Summary(last)}");
            }
        }
        catch (OperationCanceledException) when (limit.Reached)
        {
            if (last is not null)
            {
                Write(last);
            }

            context.Note(last is null
                ? $"no answer within {DurationText.Format(timeout)}"
                : $"not ready within {DurationText.Format(timeout)}");
            return ExitCode.TimedOut;
        }

        throw new InvalidOperationException("A resilient stream ended by itself.");
    }

    private static string Summary(V1.Readiness readiness) => readiness.Blockers.Count switch
    {
        0 => "no reason was given",
        1 => BlockerText.Line(readiness.Blockers[0]),
        var count => $"{BlockerText.Line(readiness.Blockers[0])} (and {count - 1} more)",
    };

    private int Answer(V1.Readiness readiness)
    {
        Write(readiness);
        return readiness.Verdict switch
        {
            Verdict.Ready => ExitCode.Done,
            Verdict.Wait => ExitCode.NotReady,
            Verdict.Blocked => ExitCode.Blocked,
            _ => ExitCode.Unexpected,
        };
    }

    private void Write(V1.Readiness readiness) =>
        context.Results.Write(new CheckResponse { Readiness = readiness }, (writer, palette) =>
        {
            var verdict = EnumText.Of(readiness.Verdict).ToUpperInvariant();
            var painted = readiness.Verdict switch
            {
                Verdict.Ready => palette.Green(verdict),
                Verdict.Wait => palette.Yellow(verdict),
                _ => palette.Red(verdict),
            };
            var hint = readiness.Verdict switch
            {
                Verdict.Wait when readiness.RetryDelay is { } delay => $" (ask again in {DurationText.Format(delay.ToTimeSpan())})",
                Verdict.Blocked => " (needs a person)",
                _ => "",
            };
            writer.WriteLine($"{painted}  {PlainText.Line(what)}{hint}");
            BlockerText.Write(writer, palette, readiness.Blockers, "  ");
            if (readiness.ContractLosses is { Losses_.Count: > 0 } lost)
            {
                writer.WriteLine("  it would take away for good:");
                BlockerText.Write(writer, palette, lost.Losses_, "  ", toClear: "to keep it");
            }
        });
}
