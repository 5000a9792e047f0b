using System.Runtime.CompilerServices;
using Coordinator.Worker.Batches;
using Coordinator.Worker.Handlers;
using Coordinator.Worker.Tests.Batches;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Coordinator.Worker.Tests.Handlers;

/// <summary>The README's code is this project's code: it compiles, and it does what it says.</summary>
public sealed class ReadmeSampleTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    [Fact]
    public void Every_line_of_the_readmes_code_is_in_the_sample()
    {
        var sample = Lines(File.ReadAllText(InTree("tests/Coordinator.Worker.Tests/Handlers/ReadmeSample.cs"))).ToHashSet();
        var blocks = File.ReadAllText(InTree("clients/dotnet/Coordinator.Worker/README.md")).Split("```csharp\n").Skip(1)
            .Select(block => block[..block.IndexOf("```", StringComparison.Ordinal)]).ToList();

        Assert.Equal(2, blocks.Count);
        Assert.All(blocks.SelectMany(Lines), line => Assert.Contains(line, sample));
    }

    [Fact]
    public void It_registers_its_handler()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        ReadmeSample.Register(builder);
        using var host = builder.Build();

        var options = (IOptions<CoordinatorWorkerOptions>)host.Services.GetService(typeof(IOptions<CoordinatorWorkerOptions>))!;
        Assert.Equal("recompute-slug", Assert.Single(options.Value.Handlers).Key);
    }

    [Fact]
    public async Task It_writes_the_slugs_and_sends_the_batchs_key()
    {
        var target = await BatchTarget.CreateAsync(fixture.Target);
        await fixture.Target.ExecuteAsOwnerAsync(
            $"create table {target.Table}_p (id bigint, title text, slug text); insert into {target.Table}_p values (1, 'A Book', null), (2, 'Pen', 'kept')");
        using var service = new SearchService();
        using var search = new HttpClient(service) { BaseAddress = new Uri("http://search/") };

        var outcome = await HandlerTransaction.RunAsync(
            fixture.Target.Worker,
            target.Grant() with { Lo = 0, Hi = 1, Shard = "main", Table = $"{target.Table}_p" },
            new SlugHandler(search),
            CancellationToken.None,
            CancellationToken.None);

        Assert.Equal(1, Assert.IsType<BatchOutcome.Committed>(outcome).Rows);
        Assert.Equal("a-book kept", await target.Database.ScalarAsync<string>($"select string_agg(slug, ' ' order by id) from {target.Table}_p"));
        Assert.Equal([$"{target.Migration}/main/{BatchTarget.Step}/1"], service.Keys);
    }

    private static IEnumerable<string> Lines(string code) =>
        code.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0);

    private static string InTree(string path, [CallerFilePath] string here = "")
    {
        var folder = new DirectoryInfo(File.Exists(here) ? Path.GetDirectoryName(here)! : AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Coordinator.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("Coordinator.sln was not found above the tests.");
        }

        return Path.Combine(folder.FullName, path);
    }

    private sealed class SearchService : HttpMessageHandler
    {
        public List<string> Keys { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Keys.AddRange(request.Headers.GetValues("Idempotency-Key"));
            return Task.FromResult(new HttpResponseMessage());
        }
    }
}
