using Coordinator.Worker.Handlers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Coordinator.Worker.Tests.DependencyInjection;

public sealed class CoordinatorWorkerOptionsTests
{
    [Fact]
    public async Task All_that_is_wrong_is_told_when_the_host_starts_without_a_connection_string()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddCoordinatorWorker(o =>
        {
            o.WorkerId = "";
            o.Targets["shop"] = "Password=secret;Nonsense=1";
            o.Parallelism = 0;
            o.StopTimeout = TimeSpan.FromSeconds(-1);
        });
        builder.Services.AddCoordinatorClient(o => o.Addresses.Add("http://127.0.0.1:1"));
        using var host = builder.Build();

        var exception = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.Equal(4, exception.Failures.Count());
        Assert.Contains("'shop'", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Recompute")]
    [InlineData("re compute")]
    [InlineData("-recompute")]
    public async Task A_handler_needs_a_name_that_specifications_can_use(string name)
    {
        using var host = HostWith(services => services.AddBackfillHandler<CountingHandler>(name));

        var exception = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.Contains("recompute-price", Assert.Single(exception.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handler_is_made_for_each_batch_and_disposed_after_it()
    {
        using var host = HostWith(services => services.AddBackfillHandler<CountingHandler>("count"));
        var handler = host.Services.GetRequiredService<IOptions<CoordinatorWorkerOptions>>().Value.Handlers["count"];
        var before = CountingHandler.Disposed;

        Assert.Equal(1, await handler.RunAsync(null!, CancellationToken.None));
        Assert.Equal(1, await handler.RunAsync(null!, CancellationToken.None));

        Assert.Equal(2, CountingHandler.Disposed - before);
    }

    [Fact]
    public void A_target_is_required()
    {
        using var client = Client.Tests.Hosting.Clients.For("http://127.0.0.1:1");

        Assert.Throws<OptionsValidationException>(() => new BackfillWorker(client, new CoordinatorWorkerOptions()));
    }

    private static IHost HostWith(Action<IServiceCollection> configure)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddCoordinatorClient(o => o.Addresses.Add("http://127.0.0.1:1"));
        builder.Services.AddCoordinatorWorker(o => o.Targets["shop"] = "Host=unused");
        configure(builder.Services);
        return builder.Build();
    }

    private sealed class CountingHandler : IBackfillHandler, IDisposable
    {
        private long _calls;

        public static int Disposed { get; private set; }

        public Task<long> RunAsync(BatchContext batch, CancellationToken cancellationToken) => Task.FromResult(++_calls);

        public void Dispose() => Disposed++;
    }
}
