using System.Globalization;
using Coordinator.Server.Hosting;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Coordinator.Server.Errors;

/// <summary>
/// gRPC itself answers some calls before any interceptor sees them: a message that is too large, a method that does not
/// exist. Those errors get their details here, so that no error comes without a reason.
/// </summary>
internal sealed class TransportErrorMiddleware(RequestDelegate next)
{
    private const string StatusKey = "grpc-status";
    private const string MessageKey = "grpc-message";

    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        var trailers = context.Response.HasStarted
            ? context.Features.Get<IHttpResponseTrailersFeature>()?.Trailers
            : context.Response.Headers;
        if (trailers is { IsReadOnly: false }
            && !trailers.ContainsKey(ErrorTrailer.Key)
            && trailers.TryGetValue(StatusKey, out var status)
            && int.TryParse(status, NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            && Describe((StatusCode)code) is { } error)
        {
            var text = ErrorTrailer.Text(error);
            trailers[MessageKey] = Uri.EscapeDataString(text);
            trailers[ErrorTrailer.Key] = new StringValues(
                Convert.ToBase64String(ErrorTrailer.Details(error, text).ToByteArray()).TrimEnd('='));
        }
    }

    private static CallError? Describe(StatusCode code) => code switch
    {
        StatusCode.ResourceExhausted => new(
            code,
            "MESSAGE_TOO_LARGE",
            string.Create(CultureInfo.InvariantCulture, $"The message is larger than {MessageLimits.MaxReceiveBytes} bytes, the most that is taken."),
            "Send less at a time: a specification is text of some kilobytes, and lists go in several calls."),
        StatusCode.Unimplemented => new(
            code, "METHOD_UNKNOWN", "This coordinator has no such method.", "Compare its version with the caller's; the caller may be newer."),
        _ => null,
    };
}
