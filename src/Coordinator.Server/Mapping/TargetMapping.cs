using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;
using Coordinator.Postgres.Health;
using Coordinator.Server.Errors;

namespace Coordinator.Server.Mapping;

/// <summary>Target checks on the wire.</summary>
internal static class TargetMapping
{
    private const int MaxTables = 100;

    public static IReadOnlyList<TableRef> ParseTables(IReadOnlyCollection<string> tables)
    {
        if (tables.Count > MaxTables || tables.Any(table => table.Length is 0 or > 200 || table.Contains('\0', StringComparison.Ordinal)))
        {
            throw InvalidRequest.Field(
                "tables",
                "INVALID_TABLE",
                "A table's name is empty or too long, or there are too many.",
                $"Name at most {MaxTables} tables, as table or schema.table.");
        }

        return [.. tables.Select(table => TableRef.Parse(table, schema: null))];
    }

    /// <summary>The tables that a check is asked about, with those of its specification.</summary>
    public static IReadOnlyList<TableRef> TablesOf(V1.CheckTargetRequest request, MigrationSpec? spec)
    {
        if (spec is not null && spec.Target != request.Target)
        {
            throw InvalidRequest.Field(
                "yaml",
                "TARGET_DIFFERS",
                $"The specification is for target '{spec.Target}', not for '{request.Target}'.",
                "Name the specification's target.");
        }

        return [.. ParseTables(request.Tables).Concat(spec is null ? [] : PlanCompiler.TablesOf(spec)).Distinct()];
    }

    public static V1.SetupScript ToProto((string Shard, string Sql) script) => new() { Shard = script.Shard, Sql = script.Sql };

    public static V1.TargetFinding ToProto((string Shard, TargetFinding Finding) found) => new()
    {
        Shard = found.Shard,
        Severity = found.Finding.Severity switch
        {
            FindingSeverity.Ok => V1.TargetFinding.Types.Severity.Ok,
            FindingSeverity.Warning => V1.TargetFinding.Types.Severity.Warning,
            FindingSeverity.Error => V1.TargetFinding.Types.Severity.Error,
            _ => V1.TargetFinding.Types.Severity.Unspecified,
        },
        Code = found.Finding.Code,
        Message = found.Finding.Message,
        Remedy = found.Finding.Remedy,
    };
}
