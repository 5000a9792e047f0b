namespace Coordinator.Server.Security;

/// <summary>A caller that did not say who it is, or that may not do this. It is told before anything is looked up.</summary>
internal sealed class AccessDeniedException : Exception
{
    private AccessDeniedException(
        string reason, string message, string remedy, bool isUnauthenticated, params (string Key, string Value)[] metadata)
        : base(message)
    {
        Reason = reason;
        Remedy = remedy;
        IsUnauthenticated = isUnauthenticated;
        Metadata = metadata.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
    }

    public string Reason { get; }

    public string Remedy { get; }

    /// <summary>It is not known who calls; otherwise it is, and may not.</summary>
    public bool IsUnauthenticated { get; }

    public IReadOnlyDictionary<string, string> Metadata { get; }

    public static AccessDeniedException CredentialsMissing() => new(
        "CREDENTIALS_MISSING",
        "The call does not say who makes it.",
        "Send a key as 'authorization: Bearer …', or a client certificate.",
        isUnauthenticated: true);

    public static AccessDeniedException CredentialsUnknown() => new(
        "CREDENTIALS_UNKNOWN",
        "The key is not one that this coordinator knows.",
        "Use a key from Coordinator:ApiKeys; a changed key counts from the coordinator's next start.",
        isUnauthenticated: true);

    public static AccessDeniedException CertificateUnknown(string subject) => new(
        "CERTIFICATE_UNKNOWN",
        "The client certificate has no entry here.",
        "Add its common name under Coordinator:Certificates, with a role.",
        isUnauthenticated: true,
        ("subject", subject));

    public static AccessDeniedException Role(Caller caller, string method, IEnumerable<CallerRole> allowed)
    {
        var roles = string.Join(", ", allowed.Select(CallerRoles.Name));
        return new(
            "ROLE_NOT_ALLOWED",
            $"{caller.Name} has the role {CallerRoles.Name(caller.Role)}, which may not call {method}.",
            $"Use a key with one of the roles {roles}.",
            isUnauthenticated: false,
            ("role", CallerRoles.Name(caller.Role)),
            ("method", method),
            ("allowed_roles", roles));
    }

    public static AccessDeniedException Application(Caller caller, string application) => new(
        "APPLICATION_NOT_ALLOWED",
        $"{caller.Name} may not speak for application '{application}'.",
        "Use that application's own key, or add it to the key's Applications.",
        isUnauthenticated: false,
        ("application", application));

    public static AccessDeniedException Target(Caller caller, string target) => new(
        "TARGET_NOT_ALLOWED",
        $"{caller.Name} may not work on target '{target}'.",
        "Use a key for that target, or add it to the key's Targets.",
        isUnauthenticated: false,
        ("target", target));
}
