using Coordinator.Engine;
using Coordinator.Engine.Targets;
using Coordinator.Server.Configuration;

namespace Coordinator.Server;

/// <summary>
/// Everything that one replica is told by its operator: section <c>Coordinator</c> of the configuration, or environment
/// variables such as <c>Coordinator__ConnectionString</c>. It is checked as a whole before anything starts.
/// </summary>
public sealed class CoordinatorServerOptions
{
    /// <summary>The section's name.</summary>
    public const string SectionName = "Coordinator";

    /// <summary>The coordination database, as Npgsql reads it. Directly, not through a transaction pooler: LISTEN and session locks need it.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>The databases that may be migrated, by name.</summary>
    public Dictionary<string, TargetOptions> Targets { get; set; } = new(StringComparer.Ordinal);

    /// <summary>
    /// Where gRPC is served, separated by semicolons: <c>http://</c> is HTTP/2 without TLS, <c>https://</c> needs
    /// <see cref="Tls"/>. The host is an IP address, <c>localhost</c> or <c>*</c>.
    /// </summary>
    public string Listen { get; set; } = "http://127.0.0.1:8081";

    /// <summary>
    /// Where <c>/healthz</c> and readiness (<c>/v1/readiness</c>, <c>/v1/gate</c>) are served over HTTP/1.1, in the same
    /// form; empty for nowhere.
    /// </summary>
    public string HttpListen { get; set; } = "http://127.0.0.1:8080";

    /// <summary>The certificate of the <c>https://</c> listeners.</summary>
    public TlsOptions Tls { get; set; } = new();

    /// <summary>Static bearer keys. Without any, and without client certificates, only loopback is served, and everybody there is an administrator.</summary>
    public List<ApiKeyOptions> ApiKeys { get; set; } = [];

    /// <summary>What the holders of client certificates may do; needs <see cref="TlsOptions.ClientCaPath"/>.</summary>
    public List<CertificateGrantOptions> Certificates { get; set; } = [];

    /// <summary>
    /// The most connections at a time; more are closed at once. Unset: what the file-descriptor limit leaves, because
    /// Kestrel ends the process when it can't accept one.
    /// </summary>
    public long? MaxConcurrentConnections { get; set; }

    /// <summary>What one caller may take.</summary>
    public LimitOptions Limits { get; set; } = new();

    /// <summary>How long the start waits for a coordination database that is not there yet.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long a replica that stops goes on serving the streams of instances, which it asks to move to another one within the first
    /// three fifths of it. It stops sooner when all have moved. 5 seconds by default, at most 20; zero ends them at once.
    /// </summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The engine's timings.</summary>
    public EngineOptions Timings { get; set; } = new();

    /// <summary>Reads the section.</summary>
    public static CoordinatorServerOptions Read(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return configuration.GetSection(SectionName).Get<CoordinatorServerOptions>() ?? new CoordinatorServerOptions();
    }
}
