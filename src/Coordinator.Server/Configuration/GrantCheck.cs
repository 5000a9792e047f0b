using Coordinator.Domain;
using Coordinator.Server.Security;

namespace Coordinator.Server.Configuration;

/// <summary>Checks who may do what.</summary>
internal static class GrantCheck
{
    public static IEnumerable<ConfigurationProblem> Problems(CoordinatorServerOptions options) =>
    [
        .. options.ApiKeys.SelectMany((key, index) => Grant($"ApiKeys:{index}", key, options)),
        .. options.Certificates.SelectMany((grant, index) => Grant($"Certificates:{index}", grant, options)),
        .. options.ApiKeys.SelectMany((key, index) => Key($"ApiKeys:{index}:Key", key)),
        .. Repeated("ApiKeys", "key", options.ApiKeys.Select(key => key.Key), show: false),
        .. Repeated("ApiKeys", "name", options.ApiKeys.Select(key => key.Name), show: true),
        .. Repeated("Certificates", "name", options.Certificates.Select(grant => grant.Name), show: true),
        .. Certificates(options),
    ];

    private static IEnumerable<ConfigurationProblem> Grant(string setting, GrantOptions grant, CoordinatorServerOptions options)
    {
        if (!ActorName.IsValid(grant.Name))
        {
            yield return new($"{setting}:Name", $"is not {ActorName.Shape}.", "Name whoever holds it; history shows this name.");
        }

        if (!CallerRoles.TryParse(grant.Role, out var role))
        {
            yield return new($"{setting}:Role", $"is '{grant.Role}'.", $"Use one of {string.Join(", ", CallerRoles.Names)}.");
        }
        else if (role == CallerRole.Instance && grant.Applications.Count == 0)
        {
            yield return new(
                $"{setting}:Applications", "is empty, so this instance may speak for nobody.", "Name its application, or '*' for all.");
        }
        else if (role == CallerRole.Worker && grant.Targets.Count == 0)
        {
            yield return new($"{setting}:Targets", "is empty, so this worker may work nowhere.", "Name its targets, or '*' for all.");
        }

        foreach (var application in grant.Applications.Where(name => name != GrantOptions.All))
        {
            if (!ApplicationName.TryParse(application, out _, out var why))
            {
                yield return new($"{setting}:Applications", $"contains '{application}', which {why}.", "Correct the name.");
            }
        }

        foreach (var target in grant.Targets.Where(name => name != GrantOptions.All && !options.Targets.ContainsKey(name)))
        {
            yield return new($"{setting}:Targets", $"contains '{target}', which is not configured.", "Use a name under Targets.");
        }
    }

    private static IEnumerable<ConfigurationProblem> Key(string setting, ApiKeyOptions key)
    {
        if (key.Key.Length < ApiKeyOptions.MinLength)
        {
            yield return new(
                setting,
                $"is shorter than {ApiKeyOptions.MinLength} characters.",
                "Make one with: openssl rand -base64 32");
        }
        else if (key.Key.Any(static c => c is <= ' ' or > '~'))
        {
            yield return new(setting, "has characters that can't stand in a header.", "Make one with: openssl rand -base64 32");
        }
    }

    private static IEnumerable<ConfigurationProblem> Repeated(string setting, string what, IEnumerable<string> values, bool show) =>
        values.Where(value => value.Length > 0)
            .GroupBy(value => value, StringComparer.Ordinal)
            .Where(group => group.Count() > 1)
            .Select(group => new ConfigurationProblem(
                setting, $"has the same {what}{(show ? $" '{group.Key}'" : "")} twice.", $"Give every entry a {what} of its own."));

    private static IEnumerable<ConfigurationProblem> Certificates(CoordinatorServerOptions options)
    {
        if (options.Tls.ClientCaPath.Length > 0 && options.Certificates.Count == 0)
        {
            yield return new(
                "Certificates", "is empty, so no client certificate may do anything.", "Name the certificates and their roles.");
        }
        else if (options.Tls.ClientCaPath.Length == 0 && options.Certificates.Count > 0)
        {
            yield return new("Tls:ClientCaPath", "is not set, so client certificates are not looked at.", "Set it, or remove Certificates.");
        }
    }
}
