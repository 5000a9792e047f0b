using System.Text;

namespace Coordinator.Server.Errors;

/// <summary>
/// Texts that hold what a caller sent, on their way into trailers. Trailers are headers, and clients refuse headers of
/// more than some kilobytes: an error would arrive as another one.
/// </summary>
internal static class BoundedText
{
    private const char Mark = '…';
    private const int MarkBytes = 3;

    /// <summary>The text, cut to so many bytes of UTF-8.</summary>
    public static string Cut(string text, int maxBytes)
    {
        if (Encoding.UTF8.GetByteCount(text) <= maxBytes)
        {
            return text;
        }

        var room = maxBytes - MarkBytes;
        var kept = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            room -= rune.Utf8SequenceLength;
            if (room < 0)
            {
                break;
            }

            kept.Append(rune);
        }

        return kept.Append(Mark).ToString();
    }
}
