using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;

namespace Coordinator.Cli.Output;

/// <summary>
/// Messages as JSON in protobuf's own mapping (lowerCamel names, enums by name, 64-bit integers as strings), every field present, with
/// <c>schemaVersion</c> in front. The names are API: they change only with that number.
/// </summary>
internal static class JsonText
{
    public const int SchemaVersion = 1;

    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true));

    private static readonly JsonSerializerOptions Lines = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonSerializerOptions Document = new(Lines) { WriteIndented = true };

    /// <summary>A message; its fields are at the top.</summary>
    public static JsonObject Of(IMessage message)
    {
        var result = Envelope();
        foreach (var (name, value) in ParseObject(message))
        {
            result[name] = value?.DeepClone();
        }

        return result;
    }

    /// <summary>A message under a name of its own.</summary>
    public static JsonObject Of(string name, IMessage message)
    {
        var result = Envelope();
        result[name] = ParseObject(message);
        return result;
    }

    public static JsonObject Envelope() => new() { ["schemaVersion"] = SchemaVersion };

    public static string Write(JsonObject value, OutputFormat format) =>
        value.ToJsonString(format == OutputFormat.Json ? Document : Lines);

    private static JsonObject ParseObject(IMessage message) => JsonNode.Parse(Formatter.Format(message))!.AsObject();
}
