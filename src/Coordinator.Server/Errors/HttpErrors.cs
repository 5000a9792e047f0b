using Coordinator.Server.Hosting;
using Coordinator.Server.Telemetry;
using Grpc.Core;

namespace Coordinator.Server.Errors;

/// <summary>A <see cref="CallError"/> over HTTP: a status that HTTP clients understand, and the same facts as JSON.</summary>
internal static class HttpErrors
{
    // nginx's: the caller is gone, so that only logs see it.
    private const int ClientClosedRequest = 499;

    /// <summary>Answers with the error.</summary>
    public static Task WriteAsync(HttpContext context, CallError error)
    {
        if (error.Code == StatusCode.Unauthenticated)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer realm=\"coordinator\"";
        }

        return JsonAnswer.WriteAsync(
            context, StatusOf(error.Code), Document(error), HttpJson.Readable.ErrorDocument, error.RetryDelay);
    }

    /// <summary>The HTTP status of a gRPC one. What is worth a new attempt is 503, which clients know to repeat.</summary>
    public static int StatusOf(StatusCode code) => code switch
    {
        StatusCode.InvalidArgument or StatusCode.OutOfRange => StatusCodes.Status400BadRequest,
        StatusCode.Unauthenticated => StatusCodes.Status401Unauthorized,
        StatusCode.PermissionDenied => StatusCodes.Status403Forbidden,
        StatusCode.NotFound => StatusCodes.Status404NotFound,
        StatusCode.AlreadyExists or StatusCode.FailedPrecondition => StatusCodes.Status409Conflict,
        StatusCode.ResourceExhausted => StatusCodes.Status429TooManyRequests,
        StatusCode.Cancelled => ClientClosedRequest,
        StatusCode.Aborted or StatusCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };

    private static ErrorDocument Document(CallError error) => new()
    {
        Error = new ErrorBody
        {
            Status = StatusNames.Of(error.Code),
            Reason = error.Reason,
            Message = error.Message,
            Remedy = error.Remedy,
            RetryAfterSeconds = JsonAnswer.Seconds(error.RetryDelay),
            Metadata = error.Metadata,
            Fields = error.Fields,
        },
    };
}
