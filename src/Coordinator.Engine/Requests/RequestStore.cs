using System.Security.Cryptography;
using System.Text.Json;
using Coordinator.Domain;
using Npgsql;
using NpgsqlTypes;

namespace Coordinator.Engine.Requests;

/// <summary>
/// Makes commands idempotent by request id: the first outcome is stored in the transaction that carries it out, and a
/// repeat finds it. The same id with another command is refused. Kept for seven days, longer than any client retries.
/// </summary>
public sealed class RequestStore(CoordinationDatabase database)
{
    /// <summary>The version of the migration that the same request reached before, or null when it is new.</summary>
    /// <exception cref="EngineException">REQUEST_ID_REUSED: the id came with another command.</exception>
    public async Task<long?> FindAsync(Guid? requestId, object command, CancellationToken cancellationToken)
    {
        if (requestId is null)
        {
            return null;
        }

        await using var find = database.DataSource.CreateCommand(
            "select command_hash, (result ->> 'revision')::bigint from coordinator.request where request_id = $1");
        find.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = requestId.Value });
        await using var reader = await find.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        return (await reader.GetFieldValueAsync<byte[]>(0, cancellationToken)).AsSpan().SequenceEqual(Hash(command))
            ? reader.GetInt64(1)
            : throw new EngineException(new Rejection(
                "REQUEST_ID_REUSED",
                $"Request id {requestId} was used before for another command.",
                "Send a new UUID with every new command; repeat an id only with exactly the same content.",
                new Dictionary<string, string> { ["request_id"] = requestId.Value.ToString() },
                RejectionKind.InvalidArgument));
    }

    /// <summary>Stores the outcome, for the transaction that carries the command out. Null without a request id.</summary>
    public static NpgsqlBatchCommand? Record(Guid? requestId, object command, long revision) => requestId is null
        ? null
        : new NpgsqlBatchCommand("insert into coordinator.request (request_id, command_hash, result) values ($1, $2, $3)")
        {
            Parameters =
            {
                new NpgsqlParameter<Guid> { TypedValue = requestId.Value },
                new NpgsqlParameter<byte[]> { TypedValue = Hash(command) },
                new NpgsqlParameter
                {
                    Value = JsonSerializer.Serialize(new Dictionary<string, long> { ["revision"] = revision }),
                    NpgsqlDbType = NpgsqlDbType.Jsonb,
                },
            },
        };

    /// <summary>Removes outcomes that no client can ask for any more.</summary>
    public async Task PruneAsync(CancellationToken cancellationToken)
    {
        await using var prune = database.DataSource.CreateCommand(
            "delete from coordinator.request where created_at < now() - interval '7 days'");
        await prune.ExecuteNonQueryAsync(cancellationToken);
    }

    private static byte[] Hash(object command) =>
        SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(new { Type = command.GetType().FullName, Command = command }));
}
