namespace Coordinator.Client.Tests.Hosting;

/// <summary>Clients for the tests' own servers.</summary>
internal static class Clients
{
    public static CoordinatorClient For(params string[] addresses) => For(null, addresses);

    public static CoordinatorClient For(Action<CoordinatorClientOptions>? configure, params string[] addresses)
    {
        var options = new CoordinatorClientOptions { CallTimeout = TimeSpan.FromSeconds(30) };
        foreach (var address in addresses)
        {
            options.Addresses.Add(address);
        }

        configure?.Invoke(options);
        return new CoordinatorClient(options);
    }
}
