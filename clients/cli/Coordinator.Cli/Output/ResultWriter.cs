using Google.Protobuf;

namespace Coordinator.Cli.Output;

/// <summary>Writes what a command was asked for, in the format that was asked for.</summary>
internal sealed class ResultWriter(TextWriter output, OutputFormat format, Palette palette)
{
    public OutputFormat Format => format;

    public void Write(IMessage message, Action<TextWriter, Palette> asText)
    {
        if (format == OutputFormat.Table)
        {
            asText(output, palette);
        }
        else
        {
            output.WriteLine(JsonText.Write(JsonText.Of(message), format));
        }
    }

    /// <summary>A list: one document that holds all of it, or one line per item.</summary>
    public void WriteList(
        IMessage list, string itemName, IEnumerable<IMessage> items, Action<TextWriter, Palette> asText)
    {
        if (format != OutputFormat.JsonLines)
        {
            Write(list, asText);
            return;
        }

        foreach (var item in items)
        {
            output.WriteLine(JsonText.Write(JsonText.Of(itemName, item), format));
        }
    }
}
