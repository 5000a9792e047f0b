using System.Text.Json;

namespace Coordinator.Cli.Migrations;

/// <summary>An event's content in one line: its simple values. What is nested (a whole plan, say) is for <c>--output json</c>.</summary>
internal static class EventDetail
{
    private const int MostCharacters = 160;

    public static string Of(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json.Length == 0 ? "{}" : json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return "";
            }

            var detail = string.Join(", ", document.RootElement.EnumerateObject().Select(Describe).OfType<string>());
            return detail.Length <= MostCharacters ? detail : $"{detail[..(MostCharacters - 1)]}…";
        }
        catch (JsonException)
        {
            // A history that can be read but for one event is still worth showing.
            return "";
        }
    }

    private static string? Describe(JsonProperty property) => property.Value.ValueKind switch
    {
        JsonValueKind.String => $"{property.Name}: {property.Value.GetString()}",
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => $"{property.Name}: {property.Value.GetRawText()}",
        JsonValueKind.Array when property.Value.GetArrayLength() > 0 => $"{property.Name}: {property.Value.GetArrayLength()}",
        _ => null,
    };
}
