using System.Globalization;
using Npgsql;

namespace Coordinator.Postgres.Health;

/// <summary>The server: version, role in replication, settings that decide how a migration behaves.</summary>
internal static class ServerChecks
{
    private const int OldestMajor = 14;
    private const int NewestMajor = 18;
    private const double MostLocks = 0.5;
    private const long LaggingSlotBytes = 1L << 30;

    public static async Task<IReadOnlyList<TargetFinding>> RunAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var facts = await ReadAsync(connection, cancellationToken);
        return
        [
            Version(facts.VersionNumber, facts.Version),
            facts.InRecovery
                ? Finding.Error("IN_RECOVERY", "The server is a standby.", "name the primary, or add Target Session Attributes=read-write")
                : Finding.Ok("PRIMARY", "The server is a primary."),
            facts.IsReadOnly && !facts.InRecovery
                ? Finding.Error("READ_ONLY", "Transactions are read-only here.", "reset default_transaction_read_only for Coordinator's role")
                : Finding.Ok("WRITABLE", "Transactions can write."),
            facts.SynchronousCommit == "off"
                ? Finding.Warning(
                    "SYNCHRONOUS_COMMIT_OFF",
                    "synchronous_commit is off: a crash may lose a step that was reported as done; it would be found missing and stop the migration.",
                    "alter role … set synchronous_commit = on")
                : Finding.Ok("SYNCHRONOUS_COMMIT", $"synchronous_commit is {facts.SynchronousCommit}."),
            facts.Locks > facts.LockTableSize * MostLocks
                ? Finding.Error(
                    "LOCK_TABLE_FULL",
                    $"{facts.Locks} of about {facts.LockTableSize} entries of the server's lock table are in use.",
                    "find who holds them in pg_locks, or raise max_locks_per_transaction")
                : Finding.Ok("LOCK_TABLE", $"{facts.Locks} of about {facts.LockTableSize} lock table entries are in use."),
            facts.IsPooled
                ? Finding.Error(
                    "POOLER",
                    "Two statements of one connection ran in different sessions: a transaction pooler stands between.",
                    "give Coordinator a direct connection; session locks and index builds need one")
                : Finding.Ok("DIRECT_CONNECTION", "The connection keeps its session."),
            Prepared(facts.OldestPreparedSeconds),
            Slots(facts.SlotLagBytes),
            Finding.Ok("WAL_LEVEL", $"wal_level is {facts.WalLevel}."),
            // Free space can't be seen over SQL; the size says how much of it a backfill can need.
            Finding.Ok(
                "DATABASE_SIZE",
                $"The database has {facts.DatabaseBytes / (1 << 20)} MiB. Have at least twice each backfilled table and its indexes free on disk."),
        ];
    }

    private static TargetFinding Version(int number, string version) => (number / 10000) switch
    {
        < OldestMajor => Finding.Error(
            "VERSION_TOO_OLD", $"The server is PostgreSQL {version}.", $"upgrade to PostgreSQL {OldestMajor} or newer"),
        > NewestMajor => Finding.Warning(
            "VERSION_UNKNOWN", $"The server is PostgreSQL {version}, newer than what was tested.", "try on a copy first"),
        _ => Finding.Ok("VERSION", $"The server is PostgreSQL {version}."),
    };

    private static TargetFinding Prepared(double? seconds) => seconds is { } age
        ? Finding.Warning(
            "PREPARED_TRANSACTION",
            string.Create(CultureInfo.InvariantCulture, $"A prepared transaction has been open for {age:0} s; DDL on what it locks waits for it."),
            "see pg_prepared_xacts; end it with commit prepared or rollback prepared")
        : Finding.Ok("PREPARED_TRANSACTIONS", "No prepared transaction is open.");

    private static TargetFinding Slots(long? lag) => lag > LaggingSlotBytes
        ? Finding.Warning(
            "REPLICATION_SLOT_LAG",
            $"A replication slot holds back {lag / (1 << 20)} MiB of WAL; a backfill adds to it.",
            "let its consumer catch up, or drop the slot if nobody uses it")
        : Finding.Ok("REPLICATION_SLOTS", "No replication slot lags far behind.");

    private static async Task<ServerFacts> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var facts = await connection.QueryAsync(
            """
            select current_setting('server_version_num')::int, current_setting('server_version'), pg_catalog.pg_is_in_recovery(),
                   current_setting('transaction_read_only')::boolean, current_setting('synchronous_commit'),
                   (select count(*) from pg_catalog.pg_locks),
                   current_setting('max_locks_per_transaction')::bigint
                       * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint),
                   (select extract(epoch from clock_timestamp() - min(prepared))::float8 from pg_catalog.pg_prepared_xacts
                    where database = pg_catalog.current_database()),
                   case when not pg_catalog.pg_is_in_recovery() then
                       (select max(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), restart_lsn))::bigint
                        from pg_catalog.pg_replication_slots) end,
                   current_setting('wal_level'), pg_catalog.pg_database_size(pg_catalog.current_database())
            """,
            [],
            row => new ServerFacts
            {
                VersionNumber = row.GetInt32(0),
                Version = row.GetString(1),
                InRecovery = row.GetBoolean(2),
                IsReadOnly = row.GetBoolean(3),
                SynchronousCommit = row.GetString(4),
                Locks = row.GetInt64(5),
                LockTableSize = row.GetInt64(6),
                OldestPreparedSeconds = row.IsDBNull(7) ? null : row.GetDouble(7),
                SlotLagBytes = row.IsDBNull(8) ? null : row.GetInt64(8),
                WalLevel = row.GetString(9),
                DatabaseBytes = row.GetInt64(10),
            },
            cancellationToken);
        // A pooler gives the client a process id of its own making, or that of the session it was given first.
        var pid = await connection.ScalarAsync<int>("select pg_catalog.pg_backend_pid()", [], cancellationToken);
        return facts[0] with { IsPooled = pid != connection.ProcessID };
    }

    private sealed record ServerFacts
    {
        public required int VersionNumber { get; init; }

        public required string Version { get; init; }

        public required bool InRecovery { get; init; }

        public required bool IsReadOnly { get; init; }

        public required string SynchronousCommit { get; init; }

        public required long Locks { get; init; }

        public required long LockTableSize { get; init; }

        public double? OldestPreparedSeconds { get; init; }

        public long? SlotLagBytes { get; init; }

        public required string WalLevel { get; init; }

        public required long DatabaseBytes { get; init; }

        public bool IsPooled { get; init; }
    }
}
