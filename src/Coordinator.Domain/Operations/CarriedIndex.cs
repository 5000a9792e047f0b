using System.Text;
using Coordinator.Domain.Catalog;
using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Operations;

/// <summary>The index that takes the place of one over a column that is replaced: the same in all but that column and the name.</summary>
internal sealed record CarriedIndex(string Name, string Statement, string Replaces)
{
    public static CarriedIndex Create(TableRef table, IndexInfo index, string from, string to)
    {
        string Replace(string column) => SqlIdentifier.Quote(string.Equals(column, from, StringComparison.Ordinal) ? to : column);

        var name = ObjectNames.CarriedIndex(table, index.Name, to);
        var keys = index.Keys.Select(k => k.Options.Length == 0 ? Replace(k.Name) : $"{Replace(k.Name)} {k.Options.Trim()}");
        var sql = new StringBuilder("create ")
            .Append(index.IsUnique ? "unique " : "")
            .Append("index concurrently ").Append(SqlIdentifier.Quote(name))
            .Append(" on ").Append(table.Sql)
            .Append(" using ").Append(SqlIdentifier.Quote(index.Method))
            .Append(" (").AppendJoin(", ", keys).Append(')');
        if (index.Included.Count > 0)
        {
            sql.Append(" include (").AppendJoin(", ", index.Included.Select(Replace)).Append(')');
        }

        if (index.NullsNotDistinct)
        {
            sql.Append(" nulls not distinct");
        }

        if (!string.IsNullOrEmpty(index.StorageParameters))
        {
            sql.Append(" with (").Append(index.StorageParameters).Append(')');
        }

        if (!string.IsNullOrEmpty(index.Tablespace))
        {
            sql.Append(" tablespace ").Append(SqlIdentifier.Quote(index.Tablespace));
        }

        return new CarriedIndex(name, sql.ToString(), index.Name);
    }
}
