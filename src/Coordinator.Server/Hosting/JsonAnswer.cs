using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Coordinator.Server.Hosting;

/// <summary>Answers of the HTTP port: JSON that no cache keeps, since the next answer may be another one.</summary>
internal static class JsonAnswer
{
    /// <summary>The version of all documents' field names; the command's JSON counts the same way.</summary>
    public const int SchemaVersion = 1;

    /// <summary>Answers with a document; with a delay also as <c>Retry-After</c>.</summary>
    public static async Task WriteAsync<T>(
        HttpContext context, int status, T document, JsonTypeInfo<T> type, TimeSpan? retryAfter)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        if (Seconds(retryAfter) is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        // In one piece, so that the answer has its length and a broken connection can't pass for a short document.
        var bytes = JsonSerializer.SerializeToUtf8Bytes(document, type);
        response.ContentLength = bytes.Length;
        // Without the request's token: bytes for a caller that is gone are dropped, and that is no failure.
        await response.Body.WriteAsync(bytes, CancellationToken.None);
    }

    /// <summary>A delay as HTTP counts it: whole seconds, never too early.</summary>
    public static int? Seconds(TimeSpan? delay) => delay is { } span ? (int)Math.Ceiling(span.TotalSeconds) : null;
}
