using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Coordinator.Server.Configuration;

/// <summary>Reads the files of <see cref="TlsOptions"/>.</summary>
internal static class TlsFiles
{
    /// <summary>The server's certificate with its key.</summary>
    public static X509Certificate2 ServerCertificate(TlsOptions tls) =>
        X509Certificate2.CreateFromPemFile(tls.CertificatePath, tls.KeyPath);

    /// <summary>All certificates of a file: a chain, or authorities.</summary>
    public static X509Certificate2Collection All(string path)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPemFile(path);
        return certificates;
    }

    /// <summary>Null when it can be used.</summary>
    public static string? WhyServerCertificateFails(TlsOptions tls) => Why(() =>
    {
        using var certificate = ServerCertificate(tls);
        return certificate.HasPrivateKey ? null : "the key does not belong to the certificate.";
    });

    /// <summary>Null when they can be used.</summary>
    public static string? WhyClientCaFails(TlsOptions tls) =>
        Why(() => All(tls.ClientCaPath).Count > 0 ? null : "it holds no certificate.");

    private static string? Why(Func<string?> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return exception.Message;
        }
    }
}
