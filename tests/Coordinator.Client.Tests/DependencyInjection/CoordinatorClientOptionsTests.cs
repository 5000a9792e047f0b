using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Coordinator.Client.Tests.DependencyInjection;

public sealed class CoordinatorClientOptionsTests
{
    [Fact]
    public void Options_come_from_configuration_and_then_from_code()
    {
        var options = Options(
            new()
            {
                ["Coordinator:Addresses:0"] = "http://one:8081",
                ["Coordinator:Addresses:1"] = "dns:///two:8081",
                ["Coordinator:Token"] = "secret",
                ["Coordinator:CallTimeout"] = "00:00:07",
                ["Coordinator:MaxAttempts"] = "9",
            },
            o => o.MaxAttempts = 3);

        Assert.Equal(["http://one:8081", "dns:///two:8081"], options.Addresses);
        Assert.Equal("secret", options.Token);
        Assert.Equal(TimeSpan.FromSeconds(7), options.CallTimeout);
        Assert.Equal(3, options.MaxAttempts);
    }

    [Fact]
    public void A_value_that_cannot_be_read_is_named()
    {
        var exception = Assert.Throws<OptionsValidationException>(
            () => Options(new() { ["Coordinator:CallTimeout"] = "soon" }, _ => { }));

        Assert.Contains("Coordinator:CallTimeout", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_that_is_wrong_is_told_at_once()
    {
        var exception = Assert.Throws<OptionsValidationException>(() => Options([], o =>
        {
            o.Addresses.Add("localhost:8081");
            o.Addresses.Add("ftp://host");
            o.CallTimeout = TimeSpan.Zero;
            o.MaxAttempts = 0;
        }));

        Assert.Equal(4, exception.Failures.Count());
    }

    [Fact]
    public void At_least_one_address_is_required()
    {
        var exception = Assert.Throws<OptionsValidationException>(() => Options([], _ => { }));

        Assert.Contains("Coordinator__Addresses__0", exception.Message, StringComparison.Ordinal);
    }

    private static CoordinatorClientOptions Options(
        Dictionary<string, string?> configuration, Action<CoordinatorClientOptions> configure)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(configuration).Build());
        services.AddCoordinatorClient(configure);
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<CoordinatorClientOptions>>().Value;
    }
}
