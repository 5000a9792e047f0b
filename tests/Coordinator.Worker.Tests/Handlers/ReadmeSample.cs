using System.Net.Http.Json;
using Coordinator.Worker.Handlers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Coordinator.Worker.Tests.Handlers;

/// <summary>Gives every product its slug, and tells the search service.</summary>
internal sealed class SlugHandler(HttpClient search) : IBackfillHandler
{
    public async Task<long> RunAsync(BatchContext batch, CancellationToken cancellationToken)
    {
        // Locked, because the application writes these rows too. {range} stands for the rows of this batch.
        var rows = await batch.ReadRowsAsync(
            $"select id, title from {batch.Table} where {{range}} and slug is null for no key update",
            row => (Id: row.GetInt64(0), Slug: Slug.Of(row.GetString(1))));

        // In the target: once, together with the batch's entry in the ledger, or not at all.
        var written = await batch.ExecuteManyAsync(
            $"update {batch.Table} set slug = $2 where id = $1", rows.Select(row => new object?[] { row.Id, row.Slug }));

        // Anywhere else: perhaps again. The key tells the other side that it is the same batch.
        using var request = new HttpRequestMessage(HttpMethod.Post, "reindex") { Content = JsonContent.Create(rows) };
        request.Headers.Add("Idempotency-Key", batch.IdempotencyKey);
        using var response = await search.SendAsync(request, cancellationToken);
        response.EnsureSuccessStatusCode();
        return written;
    }
}

internal static class Slug
{
    public static string Of(string title) => title.ToLowerInvariant().Replace(' ', '-');
}

/// <summary>The README's sample, so that it compiles; a test keeps the two the same.</summary>
internal static class ReadmeSample
{
    public static void Register(IHostApplicationBuilder builder)
    {
        builder.Services.AddCoordinatorClient(options => options.Addresses.Add("http://coordinator:8081"));
        builder.Services.AddCoordinatorWorker(options => options.Targets["shop"] = "Host=db;Database=shop;Username=shop_worker");
        builder.Services.AddBackfillHandler<SlugHandler>("recompute-slug");
    }
}
