using System.Globalization;
using Coordinator.Server.Errors;

namespace Coordinator.Server.Mapping;

/// <summary>Texts that people write and that are kept: bounded, and without what PostgreSQL can't store.</summary>
internal static class FreeText
{
    public const int MaxLength = 1000;

    public static string Check(string field, string text) => text.Length <= MaxLength && !text.Contains('\0', StringComparison.Ordinal)
        ? text
        : throw InvalidRequest.Field(
            field,
            "INVALID_TEXT",
            string.Create(CultureInfo.InvariantCulture, $"The text is longer than {MaxLength} characters, or contains a NUL."),
            "Shorten it.");
}
