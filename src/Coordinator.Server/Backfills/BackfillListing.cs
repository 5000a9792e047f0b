using Coordinator.Engine.Leasing;
using Coordinator.Engine.Migrations;
using Coordinator.Server.Errors;
using Coordinator.Server.Mapping;

namespace Coordinator.Server.Backfills;

/// <summary>
/// Backfills of one migration, planned ones too, or those of all migrations that have begun. They come in the order of
/// their names, and a page's token is the name of its last: what is new or gone meanwhile moves nothing.
/// </summary>
internal sealed class BackfillListing(MigrationQueries migrations, BackfillControl backfills)
{
    public async Task<V1.Backfill> GetAsync(string migration, string step, CancellationToken cancellationToken)
    {
        var name = ResourceNames.Backfill(migration, step);
        return (await OfMigrationAsync(migration, cancellationToken)).FirstOrDefault(backfill => backfill.Name == name)
            ?? throw NotFound.Backfill(migration, step);
    }

    public async Task<V1.ListBackfillsResponse> ListAsync(
        string? migration, int pageSize, string pageToken, CancellationToken cancellationToken)
    {
        if (pageToken.Length > 0 && !pageToken.StartsWith(ResourceNames.Migration(""), StringComparison.Ordinal))
        {
            throw InvalidRequest.Field(
                "page_token",
                "INVALID_PAGE_TOKEN",
                "The page token is not one that this service gave out.",
                "Use next_page_token of the last response unchanged, or leave it empty for the first page.");
        }

        var names = await NamesAsync(migration, cancellationToken);
        var rest = names
            .Where(name => string.CompareOrdinal(name.Full, pageToken) > 0)
            .OrderBy(name => name.Full, StringComparer.Ordinal)
            .Take(pageSize + 1)
            .ToList();
        var page = rest.Take(pageSize).ToList();
        var found = new List<V1.Backfill>();
        foreach (var group in page.GroupBy(name => name.Migration, StringComparer.Ordinal))
        {
            var wanted = group.Select(name => name.Full).ToHashSet(StringComparer.Ordinal);
            found.AddRange((await OfMigrationAsync(group.Key, cancellationToken)).Where(backfill => wanted.Contains(backfill.Name)));
        }

        return new V1.ListBackfillsResponse
        {
            Backfills = { found.OrderBy(backfill => backfill.Name, StringComparer.Ordinal) },
            NextPageToken = rest.Count > pageSize ? page[^1].Full : "",
        };
    }

    private async Task<IReadOnlyList<(string Migration, string Full)>> NamesAsync(
        string? migration, CancellationToken cancellationToken)
    {
        if (migration is not null)
        {
            return [.. (await OfMigrationAsync(migration, cancellationToken)).Select(backfill => (migration, backfill.Name))];
        }

        var begun = await backfills.ProgressAsync(null, cancellationToken);
        return [.. begun.Select(progress => (progress.Migration, ResourceNames.Backfill(progress.Migration, progress.Step)))];
    }

    private async Task<IReadOnlyList<V1.Backfill>> OfMigrationAsync(string migration, CancellationToken cancellationToken) =>
        [.. BackfillMapping.ToProto(await migrations.GetAsync(migration, cancellationToken))];
}
