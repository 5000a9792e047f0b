using Npgsql;

namespace Coordinator.Postgres.Health;

/// <summary>
/// Looks whether a database can be a target, before anything starts: server, rights of Coordinator's role and of the
/// workers', visibility, replication, Coordinator's schema. Changes nothing. Every check reports, good or bad, so that
/// a reader sees what was looked at; a missing error means "looked at and fine", never "not looked at".
/// </summary>
public static class TargetCheck
{
    /// <summary>All findings, errors first.</summary>
    public static async Task<IReadOnlyList<TargetFinding>> RunAsync(
        NpgsqlDataSource source, TargetCheckOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(options);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        List<TargetFinding> findings =
        [
            .. await ServerChecks.RunAsync(connection, cancellationToken),
            .. await RoleChecks.RunAsync(connection, options, cancellationToken),
            .. await SchemaChecks.RunAsync(connection, cancellationToken),
        ];
        return [.. findings.OrderByDescending(finding => finding.Severity)];
    }
}
