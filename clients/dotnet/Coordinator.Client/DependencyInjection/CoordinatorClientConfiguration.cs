using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Coordinator.Client.DependencyInjection;

/// <summary>
/// Reads the options from configuration. By hand, since the binder would bring a package and reflection for five values.
/// </summary>
internal sealed class CoordinatorClientConfiguration(IConfiguration? configuration)
    : IConfigureOptions<CoordinatorClientOptions>
{
    public void Configure(CoordinatorClientOptions options)
    {
        if (configuration?.GetSection(CoordinatorClientOptions.SectionName) is not { } section)
        {
            return;
        }

        foreach (var address in section.GetSection(nameof(options.Addresses)).GetChildren())
        {
            if (address.Value is { Length: > 0 } value)
            {
                options.Addresses.Add(value);
            }
        }

        options.Token = section[nameof(options.Token)] ?? options.Token;
        options.UseTls = Read(section, nameof(options.UseTls), bool.Parse, options.UseTls);
        options.CallTimeout = Read(section, nameof(options.CallTimeout), Duration, options.CallTimeout);
        options.ConnectTimeout = Read(section, nameof(options.ConnectTimeout), Duration, options.ConnectTimeout);
        options.MaxAttempts = Read(section, nameof(options.MaxAttempts), Number, options.MaxAttempts);
    }

    private static TimeSpan Duration(string text) => TimeSpan.Parse(text, CultureInfo.InvariantCulture);

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static T Read<T>(IConfigurationSection section, string key, Func<string, T> parse, T otherwise)
    {
        try
        {
            return section[key] is { Length: > 0 } text ? parse(text) : otherwise;
        }
        catch (Exception exception) when (exception is FormatException or OverflowException)
        {
            throw new OptionsValidationException(
                Options.DefaultName,
                typeof(CoordinatorClientOptions),
                [$"{section.Path}:{key} in the configuration cannot be read: {exception.Message}"]);
        }
    }
}
