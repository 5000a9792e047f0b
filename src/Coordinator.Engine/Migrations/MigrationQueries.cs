using System.Globalization;
using Coordinator.Domain;
using Coordinator.Engine.Leasing;
using Coordinator.Engine.Verification;
using Coordinator.EventStore;
using Npgsql;

namespace Coordinator.Engine.Migrations;

/// <summary>Reads migrations; changes nothing.</summary>
public sealed class MigrationQueries(CoordinationDatabase database, IEventStore store, BackfillControl backfills)
{
    private readonly MigrationStream _stream = new(store);
    private readonly MigrationHistory _history = new(database, store);
    private readonly VerificationStore _verifications = new(database);

    /// <summary>One migration.</summary>
    /// <exception cref="EngineException">MIGRATION_NOT_FOUND.</exception>
    public async Task<MigrationView> GetAsync(string name, CancellationToken cancellationToken)
    {
        var (state, version) = await _stream.LoadAsync(name, cancellationToken);
        if (version == 0)
        {
            throw NotFound(name);
        }

        await using var command = database.DataSource.CreateCommand(
            """
            select m.created_at, m.updated_at, m.ended_at, coalesce(a.activity, '')
              from coordinator.migration m left join coordinator.migration_activity a using (name)
             where m.name = $1
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var view = new MigrationView(
            state,
            version,
            state.IsFinished ? "" : reader.GetString(3),
            await reader.GetFieldValueAsync<DateTimeOffset>(0, cancellationToken),
            await reader.GetFieldValueAsync<DateTimeOffset>(1, cancellationToken),
            await reader.IsDBNullAsync(2, cancellationToken) ? null : await reader.GetFieldValueAsync<DateTimeOffset>(2, cancellationToken),
            []);
        await reader.CloseAsync();
        return view with
        {
            Backfills = await backfills.ProgressAsync(name, cancellationToken),
            Verifications = (await _verifications.ReadAsync(name, cancellationToken)).Rows,
        };
    }

    /// <summary>A page of migrations, newest first.</summary>
    public async Task<(IReadOnlyList<MigrationView> Migrations, string NextPageToken)> ListAsync(
        int pageSize, string pageToken, CancellationToken cancellationToken)
    {
        var offset = PageOffset(pageToken);
        var names = new List<string>();
        await using (var command = database.DataSource.CreateCommand(
            "select name from coordinator.migration order by created_at desc, name offset $1 limit $2"))
        {
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = offset });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = pageSize + 1 });
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                names.Add(reader.GetString(0));
            }
        }

        var views = new List<MigrationView>();
        foreach (var name in names.Take(pageSize))
        {
            views.Add(await GetAsync(name, cancellationToken));
        }

        return (views, names.Count > pageSize ? (offset + pageSize).ToString(CultureInfo.InvariantCulture) : "");
    }

    /// <summary>A page of a migration's history, what was decided about its backfills included; oldest first.</summary>
    /// <exception cref="EngineException">MIGRATION_NOT_FOUND; INVALID_PAGE_TOKEN.</exception>
    public async Task<(IReadOnlyList<HistoryEntry> Entries, string NextPageToken)> HistoryAsync(
        string name, int pageSize, string pageToken, CancellationToken cancellationToken)
    {
        var from = PageOffset(pageToken);
        var all = await _history.ReadAsync(name, cancellationToken);
        if (all.Count == 0)
        {
            throw NotFound(name);
        }

        return (
            [.. all.Where((_, index) => index >= from).Take(pageSize)],
            all.Count - from > pageSize ? (from + pageSize).ToString(CultureInfo.InvariantCulture) : "");
    }

    /// <summary>The migration's revision, or null when there is none; cheap enough to ask often.</summary>
    public async Task<long?> RevisionAsync(string name, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand("select revision from coordinator.migration where name = $1");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        return (long?)await command.ExecuteScalarAsync(cancellationToken);
    }

    private static long PageOffset(string pageToken) =>
        pageToken.Length == 0 ? 0
        : long.TryParse(pageToken, NumberStyles.None, CultureInfo.InvariantCulture, out var offset) ? offset
        : throw new EngineException(new Rejection(
            "INVALID_PAGE_TOKEN",
            "The page token is not one that this service gave out.",
            "Use next_page_token of the last response unchanged, or leave it empty for the first page.",
            Kind: RejectionKind.InvalidArgument));

    private static EngineException NotFound(string name) => new(new Rejection(
        "MIGRATION_NOT_FOUND",
        $"No migration is called '{name}'.",
        "Check the name with 'coordinator status', or plan the migration first.",
        new Dictionary<string, string> { ["migration"] = name },
        RejectionKind.NotFound));
}
