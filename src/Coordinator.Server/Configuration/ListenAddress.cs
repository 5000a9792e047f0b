using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Coordinator.Server.Configuration;

/// <summary>
/// One place to listen at. Host names other than <c>localhost</c> are refused: Kestrel would take them for "any
/// address", and a listener that looks local would be open to the network.
/// </summary>
internal sealed record ListenAddress(string Url, bool IsTls, IPAddress? Address, int Port)
{
    /// <summary>True for <c>localhost</c>, which is both loopback addresses.</summary>
    public bool IsLocalhost => Address is null;

    /// <summary>Whether only this machine can reach it.</summary>
    public bool IsLoopback => Address is null || IPAddress.IsLoopback(Address);

    /// <summary>Splits a setting with several addresses.</summary>
    public static IReadOnlyList<string> Split(string setting) =>
        setting.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>The addresses of a setting that was checked.</summary>
    public static IEnumerable<ListenAddress> ParseAll(string setting) => Split(setting).Select(url =>
        TryParse(url, out var address, out var why) ? address : throw new ArgumentException($"'{url}' {why}.", nameof(setting)));

    /// <summary>Reads one address.</summary>
    public static bool TryParse(string url, [NotNullWhen(true)] out ListenAddress? address, out string why)
    {
        address = null;
        BindingAddress parsed;
        try
        {
            parsed = BindingAddress.Parse(url);
        }
        catch (FormatException)
        {
            why = "is not an address";
            return false;
        }

        var isTls = string.Equals(parsed.Scheme, "https", StringComparison.OrdinalIgnoreCase);
        if (!isTls && !string.Equals(parsed.Scheme, "http", StringComparison.OrdinalIgnoreCase))
        {
            why = "begins neither with http:// nor with https://";
            return false;
        }

        if (!TryParseHost(parsed.Host, out var ip))
        {
            why = "names a host that is neither an IP address nor localhost nor *";
            return false;
        }

        why = (parsed.PathBase.Length, ip, parsed.Port) switch
        {
            ( > 0, _, _) => "has a path",
            (_, null, 0) => "asks for a free port of localhost, which has two addresses",
            _ => "",
        };
        address = why.Length == 0 ? new ListenAddress(url, isTls, ip, parsed.Port) : null;
        return address is not null;
    }

    private static bool TryParseHost(string host, out IPAddress? address)
    {
        address = host is "*" or "+" ? IPAddress.IPv6Any : null;
        return address is not null
            || string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase)
            || IPAddress.TryParse(host, out address);
    }
}
