using Npgsql;

namespace Coordinator.BackfillBench.Segments;

/// <summary>One statement of a bare loop, with the bounds of its rows as its parameters. It can be run once.</summary>
internal sealed record BareBatch(string Statement, NpgsqlParameter Low, NpgsqlParameter High)
{
    /// <summary>Over the blocks from the first to before the end.</summary>
    public static BareBatch OfBlocks(string statement, long first, long end) => new(statement, Tid(first), Tid(end));

    /// <summary>Over the rows behind a key, null for all, up to another.</summary>
    public static BareBatch OfKeys(string statement, string[]? behind, string[] upto) => new(statement, Key(behind), Key(upto));

    private static NpgsqlParameter<NpgsqlTypes.NpgsqlTid> Tid(long block) => new()
    {
        NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Tid,
        TypedValue = new NpgsqlTypes.NpgsqlTid((uint)block, 0),
    };

    private static NpgsqlParameter Key(string[]? key) => new()
    {
        NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Text,
        Value = key is null ? DBNull.Value : key,
    };
}
