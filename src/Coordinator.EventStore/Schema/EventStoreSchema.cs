using System.Globalization;
using Npgsql;

namespace Coordinator.EventStore.Schema;

/// <summary>
/// Creates Marten's tables to the letter, with all metadata columns, and beside them the one function of ours, in a
/// schema of ours. Nothing is ever added to Marten's tables: a Marten store would drop it, data included.
/// </summary>
internal sealed class EventStoreSchema(NpgsqlDataSource dataSource, SchemaName schema, TimeProvider time)
{
    /// <summary>The advisory lock that one replica at a time creates the schema under ("evst" in ASCII).</summary>
    private const long LockKey = 0x65767374;

    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(50);

    private readonly string _isComplete = $"""
        select to_regclass({schema.Regclass("mt_streams")}) is not null
           and to_regclass({schema.Regclass("mt_events")}) is not null
           and to_regclass({schema.Regclass("pk_mt_events_stream_and_version")}) is not null
           and to_regclass({schema.Regclass("mt_events_sequence")}) is not null
           and to_regclass({schema.Regclass("mt_event_progression")}) is not null
           and to_regclass({schema.Regclass("mt_high_water_skips")}) is not null
           and exists (select from pg_proc p
                        where p.oid = to_regprocedure('{RequireAppendFunction.Signature}') and p.prosrc = $1)
        """;

    private readonly IReadOnlyList<string> _objects =
    [
        $"create schema if not exists {schema}",
        $"""
        create table if not exists {schema}.mt_streams (
            id varchar not null constraint pkey_mt_streams_id primary key,
            type varchar null,
            version bigint,
            "timestamp" timestamptz not null default now(),
            created timestamptz not null default now(),
            tenant_id varchar default '*DEFAULT*',
            is_archived boolean default false)
        """,
        $"""
        create table if not exists {schema}.mt_events (
            seq_id bigint not null constraint pkey_mt_events_seq_id primary key,
            id uuid not null,
            stream_id varchar constraint fkey_mt_events_stream_id
                references {schema}.mt_streams (id) on delete cascade,
            version bigint not null,
            data jsonb not null,
            bdata bytea null,
            type varchar(500) not null,
            "timestamp" timestamptz not null default now(),
            tenant_id varchar default '*DEFAULT*',
            mt_dotnet_type varchar null,
            correlation_id varchar null,
            causation_id varchar null,
            headers jsonb null,
            user_name varchar null,
            is_archived boolean default false)
        """,
        $"""
        create unique index if not exists pk_mt_events_stream_and_version
            on {schema}.mt_events (stream_id, version)
        """,
        $"create sequence if not exists {schema}.mt_events_sequence owned by {schema}.mt_events.seq_id",
        $"""
        create table if not exists {schema}.mt_event_progression (
            name varchar not null constraint pk_mt_event_progression primary key,
            last_seq_id bigint null,
            last_updated timestamptz null default transaction_timestamp())
        """,
        $"""
        create table if not exists {schema}.mt_high_water_skips (
            ending_sequence bigint not null constraint pkey_mt_high_water_skips_ending_sequence primary key,
            starting_sequence bigint not null,
            "timestamp" timestamptz null default transaction_timestamp())
        """,
        $"create schema if not exists {RequireAppendFunction.Schema}",
        RequireAppendFunction.Create,
    ];

    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        // First a look: a role that may not create anything can start on a schema that somebody else made.
        while (!await IsCompleteAsync(cancellationToken) && !await TryCreateAsync(cancellationToken))
        {
            // Another replica is at it. Waiting inside the lock call would hold a snapshot, which can deadlock with a
            // concurrent index build in the same database.
            await Task.Delay(LockPoll * (1 + Random.Shared.NextDouble()), time, cancellationToken);
        }
    }

    private async Task<bool> IsCompleteAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(_isComplete);
        command.Parameters.Add(SqlParameter.Text(RequireAppendFunction.Body));
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task<bool> TryCreateAsync(CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (!await TryLockAsync(connection, cancellationToken))
        {
            return false;
        }

        await using var batch = new NpgsqlBatch(connection, transaction);
        foreach (var statement in _objects)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(statement));
        }

        try
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return true;
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DuplicateSchema)
        {
            // "if not exists" does not see a schema that is being created by somebody who takes another lock.
            return false;
        }
    }

    private static async Task<bool> TryLockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = "select pg_try_advisory_xact_lock($1)";
        command.Parameters.Add(SqlParameter.Number(LockKey));
        return Convert.ToBoolean(await command.ExecuteScalarAsync(cancellationToken), CultureInfo.InvariantCulture);
    }
}
