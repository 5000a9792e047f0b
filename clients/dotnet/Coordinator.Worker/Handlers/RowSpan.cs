using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Coordinator.Worker.Batches;
using Npgsql;

namespace Coordinator.Worker.Handlers;

/// <summary>The rows that one call of a handler is given: what <c>{range}</c> stands for.</summary>
internal abstract record RowSpan
{
    private RowSpan()
    {
    }

    /// <summary>The condition as SQL, of literals, so that parameters keep the numbers that the handler gave them.</summary>
    /// <param name="alias">What stands before the columns; null for nothing.</param>
    public abstract string Condition(string? alias);

    /// <summary>What sets calls for these rows apart from those for the whole batch; empty for that.</summary>
    public abstract string KeySuffix { get; }

    /// <summary>The whole batch, from the answer to its claim: there the keys of a batch by key stand.</summary>
    public static RowSpan OfBatch(BatchGrant grant, NpgsqlDataReader claimed) => grant.Key.Count == 0
        ? new Blocks(grant.Lo, grant.Hi)
        : new Keys(new KeySpan(
            grant.Key,
            claimed.IsDBNull(1) ? null : claimed.GetFieldValue<string[]>(1),
            claimed.GetFieldValue<string[]>(2)));

    private static string Of(string? alias, string column) => alias is null ? column : $"{alias}.{column}";

    /// <summary>The whole batch: all rows of its blocks.</summary>
    /// <param name="First">The first block.</param>
    /// <param name="End">One past the last.</param>
    public sealed record Blocks(long First, long End) : RowSpan
    {
        public override string Condition(string? alias) => string.Create(
            CultureInfo.InvariantCulture, $"({Of(alias, "ctid")} >= '({First},0)'::tid and {Of(alias, "ctid")} < '({End},0)'::tid)");

        public override string KeySuffix => "";
    }

    /// <summary>The whole batch: all rows between its keys.</summary>
    /// <param name="Span">The keys.</param>
    public sealed record Keys(KeySpan Span) : RowSpan
    {
        public override string Condition(string? alias) => Span.Condition(alias);

        public override string KeySuffix => "";
    }

    /// <summary>
    /// Some rows of the batch, at the places where they stood when the transaction locked them all. A list and not an interval: a
    /// row that an earlier part has written stands elsewhere now, perhaps among those that are still to come.
    /// </summary>
    /// <param name="Locked">At least one row.</param>
    public sealed record Rows(ArraySegment<LockedRow> Locked) : RowSpan
    {
        private const int SuffixLength = 32;

        // Two partitions may have a row each at one place.
        public override string Condition(string? alias) =>
            $"({string.Join(" or ", Locked.GroupBy(row => row.Table).Select(rows => InTable(alias, rows.Key, rows)))})";

        private static string InTable(string? alias, uint table, IEnumerable<LockedRow> rows)
        {
            var places = string.Join(',', rows.Select(row => $"\"{row.Place}\""));
            return string.Create(
                CultureInfo.InvariantCulture, $"({Of(alias, "tableoid")} = {table} and {Of(alias, "ctid")} = any ('{{{places}}}'::tid[]))");
        }

        /// <summary>By what the rows are: the same rows have the same key in every run of the batch, wherever they stand.</summary>
        public override string KeySuffix
        {
            get
            {
                using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                foreach (var key in Locked.Select(row => row.Key).Order(StringComparer.Ordinal))
                {
                    hash.AppendData(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
                }

                return "/part-" + Convert.ToHexStringLower(hash.GetHashAndReset())[..SuffixLength];
            }
        }

        /// <summary>The two halves of more than one row, in order.</summary>
        public (Rows Former, Rows Latter) Halves()
        {
            var middle = Locked.Count / 2;
            return (new Rows(Locked[..middle]), new Rows(Locked[middle..]));
        }
    }
}
