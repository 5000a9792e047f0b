using Coordinator.Postgres.Catalog;

namespace Coordinator.Postgres.Health;

/// <summary>What <see cref="TargetCheck"/> looks at besides the server and Coordinator's own role.</summary>
public sealed record TargetCheckOptions
{
    /// <summary>Tables that migrations will change. Default: none.</summary>
    public IReadOnlyList<TableName> Tables { get; init; } = [];

    /// <summary>Roles of workers. Default: none.</summary>
    public IReadOnlyList<string> WorkerRoles { get; init; } = [];
}
