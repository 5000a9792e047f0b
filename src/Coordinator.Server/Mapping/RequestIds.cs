using Coordinator.Server.Errors;

namespace Coordinator.Server.Mapping;

/// <summary>Request ids: UUIDs, or nothing.</summary>
internal static class RequestIds
{
    /// <summary>The id; null when the caller sent none.</summary>
    public static Guid? Parse(string requestId) => requestId.Length == 0 ? null
        : Guid.TryParseExact(requestId, "D", out var id) && id != Guid.Empty ? id
        : throw InvalidRequest.Field(
            "request_id",
            "INVALID_REQUEST_ID",
            "The request id is not a UUID.",
            "Send a new random UUID with every request, and the same one again when you repeat it; or none.");
}
