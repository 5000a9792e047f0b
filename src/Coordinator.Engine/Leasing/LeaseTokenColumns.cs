using Npgsql;

namespace Coordinator.Engine.Leasing;

/// <summary>Lease tokens as one array parameter per column, for <c>unnest($1, …, $6)</c>.</summary>
internal static class LeaseTokenColumns
{
    public static void Add(NpgsqlParameterCollection parameters, IReadOnlyCollection<LeaseToken> tokens)
    {
        parameters.Add(new NpgsqlParameter { Value = tokens.Select(token => token.Migration).ToArray() });
        parameters.Add(new NpgsqlParameter { Value = tokens.Select(token => token.Shard).ToArray() });
        parameters.Add(new NpgsqlParameter { Value = tokens.Select(token => token.Step).ToArray() });
        parameters.Add(new NpgsqlParameter { Value = tokens.Select(token => token.Batch).ToArray() });
        parameters.Add(new NpgsqlParameter { Value = tokens.Select(token => token.Epoch).ToArray() });
        parameters.Add(new NpgsqlParameter { Value = tokens.Select(token => token.LeaseId).ToArray() });
    }
}
