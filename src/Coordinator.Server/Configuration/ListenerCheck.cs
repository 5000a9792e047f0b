namespace Coordinator.Server.Configuration;

/// <summary>Checks where the server listens, and that nobody unknown can reach it there.</summary>
internal static class ListenerCheck
{
    public static IEnumerable<ConfigurationProblem> Problems(CoordinatorServerOptions options)
    {
        var problems = new List<ConfigurationProblem>();
        var grpc = Parse("Listen", options.Listen, problems);
        var http = Parse("HttpListen", options.HttpListen, problems);
        if (ListenAddress.Split(options.Listen).Count == 0)
        {
            problems.Add(new("Listen", "is empty.", "Set it to at least one address, such as http://127.0.0.1:8081."));
        }

        var all = grpc.Select(address => ("Listen", address)).Concat(http.Select(address => ("HttpListen", address))).ToList();
        problems.AddRange(Collisions(all));
        problems.AddRange(all.SelectMany(entry => Open(entry.Item1, entry.address, options)));
        problems.AddRange(Certificates(options, all.Any(entry => entry.address.IsTls)));
        return problems;
    }

    private static List<ListenAddress> Parse(string setting, string text, List<ConfigurationProblem> problems)
    {
        var addresses = new List<ListenAddress>();
        foreach (var url in ListenAddress.Split(text))
        {
            if (ListenAddress.TryParse(url, out var address, out var why))
            {
                addresses.Add(address);
            }
            else
            {
                problems.Add(new(setting, $"contains '{url}', which {why}.", "Write http://IP:PORT or https://IP:PORT."));
            }
        }

        return addresses;
    }

    // Without TLS a port speaks HTTP/1.1 or HTTP/2, not both.
    private static IEnumerable<ConfigurationProblem> Collisions(IEnumerable<(string Setting, ListenAddress Address)> all) =>
        all.Where(entry => entry.Address.Port != 0)
            .GroupBy(entry => (entry.Address.Address, entry.Address.Port))
            .Where(group => group.Count() > 1)
            .Select(group => new ConfigurationProblem(
                group.Last().Setting, $"uses {group.Last().Address.Url} a second time.", "Give every listener a port of its own."));

    private static IEnumerable<ConfigurationProblem> Open(
        string setting, ListenAddress address, CoordinatorServerOptions options)
    {
        var byCertificate = address.IsTls && options.Tls.ClientCaPath.Length > 0;
        if (!address.IsLoopback && options.ApiKeys.Count == 0 && !byCertificate)
        {
            yield return new(
                setting,
                $"opens {address.Url} to the network, and callers there would not have to say who they are.",
                "Add ApiKeys, or use https:// with Tls:ClientCaPath and Certificates, or listen on 127.0.0.1.");
        }
    }

    private static IEnumerable<ConfigurationProblem> Certificates(CoordinatorServerOptions options, bool anyTls)
    {
        var tls = options.Tls;
        if (anyTls && (tls.CertificatePath.Length == 0 || tls.KeyPath.Length == 0))
        {
            yield return new("Tls", "lacks CertificatePath or KeyPath, which https:// needs.", "Set both to PEM files.");
        }
        else if (!anyTls && (tls.CertificatePath.Length > 0 || tls.KeyPath.Length > 0 || tls.ClientCaPath.Length > 0))
        {
            yield return new("Tls", "is set, but no listener uses https://.", "Use https:// in Listen, or remove it.");
        }

        if (tls.CertificatePath.Length > 0 && tls.KeyPath.Length > 0 && TlsFiles.WhyServerCertificateFails(tls) is { } why)
        {
            yield return new("Tls", $"can't be used: {why}", "Name a readable PEM certificate and its unencrypted PEM key.");
        }

        if (tls.ClientCaPath.Length > 0 && TlsFiles.WhyClientCaFails(tls) is { } reason)
        {
            yield return new("Tls:ClientCaPath", $"can't be used: {reason}", "Name a readable PEM file of the authorities' certificates.");
        }
    }
}
