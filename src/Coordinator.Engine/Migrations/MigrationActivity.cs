using Npgsql;

namespace Coordinator.Engine.Migrations;

/// <summary>
/// What a driver does or waits for right now, in words: the reason that every wait must show. Any replica can be asked
/// for it, so it stands in the database; it changes too often to be an event.
/// </summary>
internal sealed class MigrationActivity(CoordinationDatabase database, string migration)
{
    private string? _last;

    /// <summary>Says it; the same words again cost nothing.</summary>
    public async Task SayAsync(string activity, CancellationToken cancellationToken)
    {
        if (string.Equals(_last, activity, StringComparison.Ordinal))
        {
            return;
        }

        await using var command = database.DataSource.CreateCommand(
            """
            insert into coordinator.migration_activity (name, activity) values ($1, $2)
            on conflict (name) do update set activity = excluded.activity, since = clock_timestamp()
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = migration });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = activity });
        await command.ExecuteNonQueryAsync(cancellationToken);
        _last = activity;
    }
}
