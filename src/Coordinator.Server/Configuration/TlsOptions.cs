namespace Coordinator.Server.Configuration;

/// <summary>The files of TLS, all PEM.</summary>
public sealed class TlsOptions
{
    /// <summary>The server's certificate, with its intermediates behind it.</summary>
    public string CertificatePath { get; set; } = "";

    /// <summary>The certificate's private key, not encrypted.</summary>
    public string KeyPath { get; set; } = "";

    /// <summary>The authorities that sign client certificates. Set: callers may (without API keys: must) show one.</summary>
    public string ClientCaPath { get; set; } = "";
}
