using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Operations;

/// <summary>A column-level privilege, to be granted on another column as well.</summary>
internal static class CarriedGrant
{
    private const string Grantable = "|grantable";

    private static readonly string[] Privileges = ["SELECT", "INSERT", "UPDATE", "REFERENCES"];

    /// <summary>From <c>PRIVILEGE|role</c> to a GRANT; null if the privilege is not one that columns have.</summary>
    public static string? Statement(TableRef table, string column, string grant)
    {
        var bar = grant.IndexOf('|', StringComparison.Ordinal);
        if (bar < 0 || !Privileges.Contains(grant[..bar], StringComparer.OrdinalIgnoreCase))
        {
            return null;
        }

        var withOption = grant.EndsWith(Grantable, StringComparison.Ordinal);
        var role = withOption ? grant[(bar + 1)..^Grantable.Length] : grant[(bar + 1)..];
        var grantee = role is "" or "PUBLIC" ? "public" : SqlIdentifier.Quote(role);
        return $"grant {grant[..bar].ToLowerInvariant()} ({SqlIdentifier.Quote(column)}) on {table.Sql} to {grantee}"
            + (withOption ? " with grant option" : "");
    }
}
