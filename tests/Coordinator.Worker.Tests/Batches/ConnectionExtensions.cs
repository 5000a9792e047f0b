using System.Diagnostics.CodeAnalysis;
using Npgsql;

namespace Coordinator.Worker.Tests.Batches;

internal static class ConnectionExtensions
{
    /// <summary>Runs statements, separated by semicolons.</summary>
    [SuppressMessage("Security", "CA2100", Justification = "The tests' own SQL.")]
    public static async Task RunAsync(this NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The SQLSTATE that the statements fail with.</summary>
    public static async Task<string> FailureAsync(this NpgsqlConnection connection, string sql) =>
        (await Assert.ThrowsAsync<PostgresException>(() => connection.RunAsync(sql))).SqlState;
}
