namespace Coordinator.Cli.Output;

/// <summary>
/// Columns of plain text, as wide as they have to be and never wrapped: one line is one thing, so that grep and awk work on it.
/// </summary>
internal sealed class TextTable
{
    private const string Gap = "  ";

    private readonly List<Cell[]> _rows = [];
    private readonly int _columns;
    private readonly string[]? _header;

    /// <summary>A table with a line of headings.</summary>
    public TextTable(params string[] header)
        : this(header.Length) => _header = header;

    /// <summary>A table without headings.</summary>
    public TextTable(int columns) => _columns = columns;

    public void Add(params Cell[] cells)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(cells.Length, _columns);
        _rows.Add([.. cells.Select(static cell => cell with { Text = PlainText.Line(cell.Text) })]);
    }

    public void Write(TextWriter writer, Palette palette, string indent = "")
    {
        var widths = Enumerable.Range(0, _columns)
            .Select(column => _rows
                .Select(row => row[column].Text.Length)
                .Append(_header?[column].Length ?? 0)
                .Max())
            .ToArray();
        if (_header is not null)
        {
            WriteRow(writer, indent, widths, [.. _header.Select(text => new Cell(text, palette.Dim))]);
        }

        foreach (var row in _rows)
        {
            WriteRow(writer, indent, widths, row);
        }
    }

    private static void WriteRow(TextWriter writer, string indent, int[] widths, Cell[] row)
    {
        var last = Array.FindLastIndex(row, static cell => cell.Text.Length > 0);
        writer.Write(indent);
        for (var column = 0; column <= last; column++)
        {
            var cell = row[column];
            writer.Write(cell.Paint?.Invoke(cell.Text) ?? cell.Text);
            if (column < last)
            {
                writer.Write(new string(' ', widths[column] - cell.Text.Length));
                writer.Write(Gap);
            }
        }

        writer.WriteLine();
    }
}
