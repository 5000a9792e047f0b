using System.Text.RegularExpressions;
using Grpc.Core;

namespace Coordinator.Server.Telemetry;

/// <summary>Status codes as gRPC writes them: NOT_FOUND, not NotFound.</summary>
internal static partial class StatusNames
{
    private static readonly string[] Names =
        [.. Enum.GetValues<StatusCode>().Order().Select(code => WordBoundary().Replace(code.ToString(), "_").ToUpperInvariant())];

    public static string Of(StatusCode code) => (int)code >= 0 && (int)code < Names.Length ? Names[(int)code] : "UNKNOWN";

    [GeneratedRegex("(?<=[a-z])(?=[A-Z])")]
    private static partial Regex WordBoundary();
}
