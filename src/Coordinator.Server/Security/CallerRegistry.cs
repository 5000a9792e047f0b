using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grpc.Core;

namespace Coordinator.Server.Security;

/// <summary>
/// Tells who calls: by a bearer key, else by a client certificate, else (only where neither is configured, which only a
/// loopback listener may be) it is whoever sits at this machine.
/// </summary>
internal sealed class CallerRegistry
{
    /// <summary>Says on loopback who acts, because nothing else does.</summary>
    public const string ActorHeader = "x-coordinator-actor";

    public const string LoopbackActor = "loopback";

    private const string Bearer = "Bearer ";
    private const string Basic = "Basic ";

    private readonly FrozenDictionary<string, Caller> _byKey;
    private readonly FrozenDictionary<string, Caller> _byCertificate;

    public CallerRegistry(CoordinatorServerOptions options)
    {
        _byKey = options.ApiKeys.ToFrozenDictionary(key => Hash(key.Key), Caller.From, StringComparer.Ordinal);
        _byCertificate = options.Certificates.ToFrozenDictionary(grant => grant.Name, Caller.From, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Whether everybody who reaches this server is an administrator.</summary>
    public bool IsOpen => _byKey.Count == 0 && _byCertificate.Count == 0;

    /// <exception cref="AccessDeniedException">It is not known who calls.</exception>
    public Caller Identify(ServerCallContext context)
    {
        if (IsOpen)
        {
            var actor = context.RequestHeaders.GetValue(ActorHeader);
            return Caller.OnLoopback(actor is not null && ActorName.IsValid(actor) ? actor : LoopbackActor);
        }

        var authorization = context.RequestHeaders.GetValue("authorization");
        return authorization is not null
            ? ByKey(Credentials(Bearer, authorization))
            : ByCertificate(context.GetHttpContext().Connection.ClientCertificate);
    }

    /// <summary>
    /// Who makes a plain HTTP request. The key may also come as the password of Basic, whatever the user name: tools
    /// that can't send a header of their own (Flagger) can put it into their URL.
    /// </summary>
    /// <exception cref="AccessDeniedException">It is not known who calls.</exception>
    public Caller Identify(HttpContext context)
    {
        if (IsOpen)
        {
            return Caller.OnLoopback(LoopbackActor);
        }

        var authorization = context.Request.Headers.Authorization.ToString();
        return authorization.Length > 0
            ? ByKey(Credentials(Bearer, authorization) ?? Password(Credentials(Basic, authorization)))
            : ByCertificate(context.Connection.ClientCertificate);
    }

    private static string? Credentials(string scheme, string authorization) =>
        authorization.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) ? authorization[scheme.Length..].Trim() : null;

    private static string? Password(string? encoded)
    {
        var bytes = new byte[encoded?.Length ?? 0];
        return encoded is not null && Convert.TryFromBase64String(encoded, bytes, out var length)
            && Encoding.UTF8.GetString(bytes, 0, length) is var pair && pair.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon
            ? pair[(colon + 1)..]
            : null;
    }

    // Looked up by hash: how long a comparison takes then says nothing about the key.
    private Caller ByKey(string? key) => key is not null && _byKey.TryGetValue(Hash(key), out var caller)
        ? caller
        : throw AccessDeniedException.CredentialsUnknown();

    private Caller ByCertificate(X509Certificate2? certificate)
    {
        if (certificate is null)
        {
            throw AccessDeniedException.CredentialsMissing();
        }

        // The chain was checked in the handshake.
        string[] names = [certificate.GetNameInfo(X509NameType.SimpleName, false), certificate.GetNameInfo(X509NameType.DnsName, false)];
        return names.Where(_byCertificate.ContainsKey).Select(name => _byCertificate[name]).FirstOrDefault()
            ?? throw AccessDeniedException.CertificateUnknown(certificate.Subject);
    }

    private static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
}
