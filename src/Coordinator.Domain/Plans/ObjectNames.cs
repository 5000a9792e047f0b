using System.Security.Cryptography;
using System.Text;

namespace Coordinator.Domain.Plans;

/// <summary>
/// Names of what a plan creates in a target. Deterministic, so that a step that ran before a crash is recognised; at most 63 bytes;
/// a part of a hash keeps shortened names apart. Triggers begin with zz: BEFORE triggers run in name order, and ours must run last.
/// </summary>
public static class ObjectNames
{
    public const string TriggerPrefix = "zz_coordinator_";

    private const int HashLength = 8;

    public static string SyncTrigger(TableRef table, string oldColumn, string newColumn)
    {
        ArgumentNullException.ThrowIfNull(table);
        return $"{TriggerPrefix}sync_{Hash(table.Schema, table.Name, oldColumn, newColumn)}";
    }

    public static string FillTrigger(TableRef table, string column)
    {
        ArgumentNullException.ThrowIfNull(table);
        return $"{TriggerPrefix}fill_{Hash(table.Schema, table.Name, column)}";
    }

    /// <summary>The check that proves "not null" until SET NOT NULL can lean on it.</summary>
    public static string NotNullCheck(TableRef table, string column)
    {
        ArgumentNullException.ThrowIfNull(table);
        return WithHash([table.Name, column, "not_null"], table.Schema, table.Name, column);
    }

    /// <summary>The index on the new column that takes the place of <paramref name="oldIndex"/>.</summary>
    public static string CarriedIndex(TableRef table, string oldIndex, string newColumn)
    {
        ArgumentNullException.ThrowIfNull(table);
        return WithHash([table.Name, newColumn, "idx"], table.Schema, table.Name, oldIndex, newColumn);
    }

    /// <summary>What tells a step's partitions apart: eight hexadecimal digits.</summary>
    public static string Partition(TableRef partition)
    {
        ArgumentNullException.ThrowIfNull(partition);
        return Hash(partition.Schema, partition.Name);
    }

    private static string WithHash(IEnumerable<string> words, params ReadOnlySpan<string> hashed)
    {
        var suffix = "_" + Hash(hashed);
        return Truncate(string.Join('_', words), SqlIdentifier.MaxBytes - suffix.Length) + suffix;
    }

    private static string Hash(params ReadOnlySpan<string> parts)
    {
        // Identifiers can't contain NUL, so the join is unambiguous.
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', parts)));
        return Convert.ToHexStringLower(bytes)[..HashLength];
    }

    private static string Truncate(string text, int maxBytes)
    {
        var bytes = 0;
        var length = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > maxBytes)
            {
                break;
            }

            length += rune.Utf16SequenceLength;
        }

        return text[..length];
    }
}
