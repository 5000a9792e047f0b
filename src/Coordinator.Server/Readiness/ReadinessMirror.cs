using Coordinator.Engine.Readiness;
using Coordinator.Server.Errors;
using Coordinator.Server.Hosting;
using Coordinator.Server.Security;

namespace Coordinator.Server.Readiness;

/// <summary>
/// Answers readiness questions over HTTP as <see cref="ReadinessService"/> does over gRPC: the same callers may ask, the
/// same texts refuse, and <b>every answer is read when it is given</b>.
/// </summary>
internal sealed class ReadinessMirror(CallerRegistry callers, ReadinessQuestions questions, CallFailures failures)
{
    // Whoever may ask there may ask here.
    private const string Method = "/coordinator.v1.ReadinessService/Check";

    /// <summary>The verdict as a status; WAIT is the one that HTTP clients repeat by themselves, after <c>Retry-After</c>.</summary>
    public static int StatusOfVerdict(Verdict verdict) => verdict switch
    {
        Verdict.Ready => StatusCodes.Status200OK,
        Verdict.Wait => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status409Conflict,
    };

    /// <summary>Answers one request, also when it is refused or fails.</summary>
    public async Task AnswerAsync(
        HttpContext context, Func<HttpRequest, V1.CheckRequest> read, Func<Verdict, int> status)
    {
        ReadinessAnswer answer;
        try
        {
            // Permission first: a caller that may not ask learns nothing, not even that its question was malformed.
            MethodPolicy.Require(callers.Identify(context), Method);
            var asked = read(context.Request);
            answer = await questions.Parse(asked.Question, asked.Questions)(context.RequestAborted);
        }
        catch (Exception exception)
        {
            // The boundary of this request, as the error interceptor is of a gRPC call.
            await HttpErrors.WriteAsync(context, failures.Describe(exception, context.Request.Path, context.RequestAborted));
            return;
        }

        await JsonAnswer.WriteAsync(
            context, status(answer.Verdict), ReadinessDocument.Of(answer), HttpJson.Readable.ReadinessDocument, answer.RetryAfter);
    }
}
