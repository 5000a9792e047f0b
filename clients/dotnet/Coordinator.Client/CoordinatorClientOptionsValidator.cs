using Microsoft.Extensions.Options;

namespace Coordinator.Client;

/// <summary>Finds everything that is wrong with the options at once.</summary>
internal sealed class CoordinatorClientOptionsValidator : IValidateOptions<CoordinatorClientOptions>
{
    public ValidateOptionsResult Validate(string? name, CoordinatorClientOptions options)
    {
        var failures = Failures(options).ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    public static void ThrowIfInvalid(CoordinatorClientOptions options)
    {
        var failures = Failures(options).ToList();
        if (failures.Count > 0)
        {
            throw new OptionsValidationException(Options.DefaultName, typeof(CoordinatorClientOptions), failures);
        }
    }

    private static IEnumerable<string> Failures(CoordinatorClientOptions options)
    {
        if (options.Addresses.Count == 0)
        {
            yield return "Coordinator: no address is given. Set Addresses to at least one of http://host:port, "
                + "https://host:port or dns:///host:port (in the environment: Coordinator__Addresses__0).";
        }

        foreach (var address in options.Addresses.Where(a => !IsAddress(a)))
        {
            yield return $"Coordinator: the address '{address}' is not of the form http://host:port, https://host:port "
                + "or dns:///host:port.";
        }

        if (options.CallTimeout <= TimeSpan.Zero)
        {
            yield return "Coordinator: CallTimeout must be above zero.";
        }

        if (options.ConnectTimeout <= TimeSpan.Zero)
        {
            yield return "Coordinator: ConnectTimeout must be above zero.";
        }

        if (options.MaxAttempts < 1)
        {
            yield return "Coordinator: MaxAttempts must be at least 1.";
        }
    }

    private static bool IsAddress(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme switch
        {
            "http" or "https" => uri.Host.Length > 0 && uri.AbsolutePath is "/" or "",
            "dns" => uri.AbsolutePath.Trim('/').Length > 0,
            _ => false,
        };
}
