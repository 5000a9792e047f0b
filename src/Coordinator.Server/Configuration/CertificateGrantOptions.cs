namespace Coordinator.Server.Configuration;

/// <summary>A client certificate whose common name (or one of its DNS names) is <see cref="GrantOptions.Name"/>.</summary>
public sealed class CertificateGrantOptions : GrantOptions;
