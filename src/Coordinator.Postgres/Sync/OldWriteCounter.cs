using Coordinator.Postgres.Catalog;
using Npgsql;

namespace Coordinator.Postgres.Sync;

/// <summary>
/// How many writes came in through the old side: evidence for the gate that an old version still writes. It counts
/// writes, not reads; attempts that were rolled back and inserts that named neither side count too, so a standing
/// number means silence.
/// </summary>
public static class OldWriteCounter
{
    /// <summary>The writes since the trigger was installed.</summary>
    public static async Task<long> ReadAsync(
        NpgsqlDataSource source, SyncTrigger trigger, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(trigger);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.ScalarAsync<long>(
            $"select case when is_called then last_value else 0 end from coordinator.{Identifier.Quote(trigger.OldWritesSequence)}",
            [],
            cancellationToken);
    }
}
