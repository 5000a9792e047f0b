using Grpc.Net.Client;

namespace Coordinator.Client;

/// <summary>How a program reaches Coordinator.</summary>
public sealed class CoordinatorClientOptions
{
    /// <summary>The configuration section that these settings are read from by <c>AddCoordinatorClient</c>.</summary>
    public const string SectionName = "Coordinator";

    /// <summary>
    /// The addresses, in the order in which they are tried: <c>http://host:port</c>, <c>https://host:port</c>, or
    /// <c>dns:///host:port</c> for a name with several address records (plain text unless <see cref="UseTls"/> is set).
    /// At least one is required. A call that finds its address unavailable goes on with the next one.
    /// </summary>
    public IList<string> Addresses { get; } = [];

    /// <summary>A bearer token that is sent with every call; null sends none. Use TLS with it outside one machine.</summary>
    public string? Token { get; set; }

    /// <summary>Whether <c>dns:///</c> addresses are reached over TLS. False by default.</summary>
    public bool UseTls { get; set; }

    /// <summary>
    /// How long a unary call may take when the caller sets no deadline, all attempts together. 5 seconds by default.
    /// Streams have no limit.
    /// </summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long one attempt may take to connect before the next address is tried. 1 second by default, so that an
    /// address that swallows packets leaves time for the others.
    /// </summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How often one call is sent at most while the addresses are unavailable. 4 by default; every address is tried at
    /// least once, however many there are.
    /// </summary>
    public int MaxAttempts { get; set; } = 4;

    /// <summary>Changes the channel of each address before it is made, for example its certificates. None by default.</summary>
    public Action<GrpcChannelOptions>? ConfigureChannel { get; set; }
}
