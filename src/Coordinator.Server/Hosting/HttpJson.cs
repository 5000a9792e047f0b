using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Coordinator.Server.Errors;
using Coordinator.Server.Readiness;

namespace Coordinator.Server.Hosting;

/// <summary>The documents of the HTTP port: lowerCamel names, every field present.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ReadinessDocument))]
[JsonSerializable(typeof(ErrorDocument))]
internal sealed partial class HttpJson : JsonSerializerContext
{
    /// <summary>For people too: texts are not escaped more than JSON asks. Nobody may take the answers for HTML (nosniff).</summary>
    public static HttpJson Readable { get; } = new(new JsonSerializerOptions
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
    });
}
