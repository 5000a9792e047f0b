using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Coordinator.Server.Configuration;
using Coordinator.Server.Tests.Hosting;
using Coordinator.Testing;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coordinator.Server.Tests.Security;

/// <summary>TLS, and callers that say who they are with a certificate.</summary>
public sealed class MutualTlsTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("coordinator-tls-").FullName;
    private readonly X509Certificate2 _authority = Authority("Test authority");
    private TestDatabase? _coordination;
    private ServerHost? _server;

    public async Task InitializeAsync()
    {
        _coordination = await TestDatabase.CreateAsync();
        using var server = Issue(_authority, "localhost", "1.3.6.1.5.5.7.3.1");
        await File.WriteAllTextAsync(PathOf("server.pem"), server.ExportCertificatePem());
        await File.WriteAllTextAsync(PathOf("server.key"), server.GetRSAPrivateKey()!.ExportPkcs8PrivateKeyPem());
        await File.WriteAllTextAsync(PathOf("ca.pem"), _authority.ExportCertificatePem());
        var options = ServerHost.Options(_coordination.ConnectionString);
        options.Listen = "https://127.0.0.1:0";
        options.Tls = new TlsOptions
        {
            CertificatePath = PathOf("server.pem"),
            KeyPath = PathOf("server.key"),
            ClientCaPath = PathOf("ca.pem"),
        };
        options.Certificates.Add(new CertificateGrantOptions { Name = "deploy-tool", Role = "deployer" });
        _server = await ServerHost.StartAsync(options);
    }

    [Fact]
    public async Task A_certificate_has_the_role_of_its_entry()
    {
        using var channel = Channel(Issue(_authority, "deploy-tool", "1.3.6.1.5.5.7.3.2"));

        var answer = await new V1.ReadinessService.ReadinessServiceClient(channel).CheckAsync(
            new() { Question = new() { Deploy = new() { Application = "a", SchemaVersion = 1 } } });
        var refusal = await Refusal.OfAsync(new V1.MigrationService.MigrationServiceClient(channel).ListMigrationsAsync(new()));

        Assert.Equal(V1.Readiness.Types.Verdict.Ready, answer.Readiness.Verdict);
        Assert.Equal((StatusCode.PermissionDenied, "ROLE_NOT_ALLOWED"), (refusal.Code, refusal.Reason));
        Assert.Contains("deploy-tool", refusal.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_without_an_entry_is_nobody()
    {
        using var channel = Channel(Issue(_authority, "stranger", "1.3.6.1.5.5.7.3.2"));

        var refusal = await Refusal.OfAsync(new V1.MigrationService.MigrationServiceClient(channel).ListMigrationsAsync(new()));

        Assert.Equal((StatusCode.Unauthenticated, "CERTIFICATE_UNKNOWN"), (refusal.Code, refusal.Reason));
    }

    [Fact]
    public async Task Without_a_certificate_or_with_one_of_another_authority_there_is_no_connection()
    {
        using var other = Authority("Another authority");
        X509Certificate2?[] certificates =
        [
            null,
            Issue(other, "deploy-tool", "1.3.6.1.5.5.7.3.2"),
            Issue(_authority, "deploy-tool", "1.3.6.1.5.5.7.3.1"),
        ];
        foreach (var certificate in certificates)
        {
            using var channel = Channel(certificate);
            var exception = await Assert.ThrowsAsync<RpcException>(
                () => new Grpc.Health.V1.Health.HealthClient(channel).CheckAsync(new()).ResponseAsync);
            // The client's own words for a broken handshake; with TLS 1.3 it learns of the refusal only after its first bytes.
            Assert.Contains(exception.StatusCode, (StatusCode[])[StatusCode.Unavailable, StatusCode.Internal]);
            Assert.Empty(exception.Trailers);
        }
    }

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        if (_coordination is not null)
        {
            await _coordination.DisposeAsync();
        }

        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static X509Certificate2 Authority(string name)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private static X509Certificate2 Issue(X509Certificate2 authority, string name, string use)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(use)], true));
        using var signed = request.Create(authority, authority.NotBefore, authority.NotAfter, Guid.CreateVersion7().ToByteArray());
        using var withKey = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);
    }

    private GrpcChannel Channel(X509Certificate2? certificate)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.Issuer == _authority.Subject;
        if (certificate is not null)
        {
            handler.SslOptions.ClientCertificates = [certificate];
        }

        return GrpcChannel.ForAddress(_server!.Address, new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
    }

    private string PathOf(string file) => Path.Combine(_folder, file);
}
