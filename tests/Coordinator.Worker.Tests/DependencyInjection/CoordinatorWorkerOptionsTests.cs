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

    [Fact]
    public void A_target_is_required()
    {
        using var client = Client.Tests.Hosting.Clients.For("http://127.0.0.1:1");

        Assert.Throws<OptionsValidationException>(() => new BackfillWorker(client, new CoordinatorWorkerOptions()));
    }
}
