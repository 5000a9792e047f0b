using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Coordinator.Domain.Specs;

/// <summary>
/// SHA-256 over the spec's JSON in canonical form: keys in ordinal order, no white space, nulls left out (so a property that is added
/// later changes no hash). Equal specs have equal hashes, whatever order their keys were written in.
/// </summary>
public static class SpecHash
{
    public static string Of(MigrationSpec spec)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(JsonSerializer.SerializeToNode(spec), writer);
        }

        return Convert.ToHexStringLower(SHA256.HashData(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)));
    }

    private static void Write(JsonNode? node, Utf8JsonWriter writer)
    {
        switch (node)
        {
            case JsonObject json:
                writer.WriteStartObject();
                foreach (var (key, value) in json.Where(static p => p.Value is not null).OrderBy(static p => p.Key, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(key);
                    Write(value, writer);
                }

                writer.WriteEndObject();
                break;
            case JsonArray array:
                writer.WriteStartArray();
                foreach (var item in array)
                {
                    Write(item, writer);
                }

                writer.WriteEndArray();
                break;
            case null:
                writer.WriteNullValue();
                break;
            default:
                node.WriteTo(writer);
                break;
        }
    }
}
