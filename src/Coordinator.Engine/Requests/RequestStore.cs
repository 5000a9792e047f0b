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
    private const string Revision = "revision";

    /// <summary>The version of the migration that the same request reached before, or null when it is new.</summary>
    /// <exception cref="EngineException">REQUEST_ID_REUSED: the id came with another command.</exception>
    public async Task<long?> FindAsync(Guid? requestId, object command, CancellationToken cancellationToken) =>
        (await FindNumbersAsync(requestId, command, cancellationToken))?[Revision];

    /// <summary>The numbers that the same request was answered with before, or null when it is new.</summary>
    /// <exception cref="EngineException">REQUEST_ID_REUSED: the id came with another command.</exception>
    public async Task<IReadOnlyDictionary<string, long>?> FindNumbersAsync(
        Guid? requestId, object command, CancellationToken cancellationToken)
    {
        if (requestId is null)
        {
            return null;
        }

        await using var find = database.DataSource.CreateCommand(
            "select command_hash, result::text from coordinator.request where request_id = $1");
        find.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = requestId.Value });
        await using var reader = await find.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        return (await reader.GetFieldValueAsync<byte[]>(0, cancellationToken)).AsSpan().SequenceEqual(Hash(command))
            ? JsonSerializer.Deserialize<Dictionary<string, long>>(reader.GetString(1))!
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
        : RecordCommand(requestId.Value, command, new Dictionary<string, long> { [Revision] = revision });

    /// <summary>Stores the outcome of a command that was carried out elsewhere; the first of two repeats at once stands.</summary>
    public async Task RememberAsync(
        Guid? requestId, object command, IReadOnlyDictionary<string, long> numbers, CancellationToken cancellationToken)
    {
        if (requestId is null)
        {
            return;
        }

        await using var batch = database.DataSource.CreateBatch();
        batch.BatchCommands.Add(RecordCommand(requestId.Value, command, numbers));
        try
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException duplicate) when (duplicate.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // The same request ran twice at once; both did the same.
        }
    }

    private static NpgsqlBatchCommand RecordCommand(Guid requestId, object command, IReadOnlyDictionary<string, long> numbers) =>
        new NpgsqlBatchCommand("insert into coordinator.request (request_id, command_hash, result) values ($1, $2, $3)")
        {
            Parameters =
            {
                new NpgsqlParameter<Guid> { TypedValue = requestId },
                new NpgsqlParameter<byte[]> { TypedValue = Hash(command) },
                new NpgsqlParameter
                {
                    Value = JsonSerializer.Serialize(numbers),
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
