using System.Collections.Concurrent;

namespace Coordinator.Worker.Tests.Properties;

/// <summary>
/// What the rows must hold at the end: the last write to either side of each row and what follows from it for the other.
/// A row that nobody wrote since the trigger came has its old value, and the new one that the backfill must give it.
/// Several writers may use it at once, each for rows of its own.
/// </summary>
internal sealed class RowModel(Mapping mapping)
{
    private readonly ConcurrentDictionary<int, (string? Old, string? New, bool Written)> _rows = [];

    public ICollection<int> Keys => _rows.Keys;

    public bool IsWritten(int key) => _rows[key].Written;

    /// <summary>A row from before the trigger.</summary>
    public void Unsynced(int key, string? old) => _rows[key] = (old, null, false);

    public void Delete(int key) => _rows.TryRemove(key, out _);

    public void Move(int key, int to)
    {
        Touch(key);
        _rows.TryRemove(key, out var row);
        _rows[to] = row;
    }

    /// <summary>A write that names neither side.</summary>
    public void Touch(int key) => _rows[key] = Synced(_rows[key]);

    public void Insert(int key, string? old, string? @new) => _rows[key] = @new is null
        ? (old, mapping.F(old), true)
        : (Agree(old, @new) ? old : mapping.G(@new), @new, true);

    public void WriteOld(int key, string? value)
    {
        var row = Synced(_rows[key]);
        // The value that is there already is no write; both sides stay.
        _rows[key] = value == row.Old ? row : (value, mapping.F(value), true);
    }

    public void WriteNew(int key, string? value)
    {
        var row = Synced(_rows[key]);
        _rows[key] = value == row.New || Agree(row.Old, value) ? row with { New = value } : (mapping.G(value), value, true);
    }

    /// <summary>One statement that writes both; false when it has to be refused.</summary>
    public bool WriteBoth(int key, string? old, string? @new)
    {
        var row = Synced(_rows[key]);
        if (old != row.Old && @new != row.New && !Agree(old, @new))
        {
            return false;
        }

        if (old == row.Old)
        {
            WriteNew(key, @new);
        }
        else if (@new == row.New)
        {
            WriteOld(key, old);
        }
        else
        {
            _rows[key] = (old, @new, true);
        }

        return true;
    }

    /// <summary>The rows when the backfill has ended, as they are read back.</summary>
    public IReadOnlyList<(int Key, string? Old, string? New)> Final() =>
        [.. _rows.OrderBy(row => row.Key).Select(row => (row.Key, row.Value.Old, Synced(row.Value).New))];

    private (string? Old, string? New, bool Written) Synced((string? Old, string? New, bool Written) row) =>
        row.Written ? row : (row.Old, mapping.F(row.Old), true);

    private bool Agree(string? old, string? @new) => @new == mapping.F(old) || (@new is not null && old == mapping.G(@new));
}
