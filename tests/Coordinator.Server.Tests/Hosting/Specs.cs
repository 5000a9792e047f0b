namespace Coordinator.Server.Tests.Hosting;

/// <summary>Specifications that tests plan.</summary>
internal static class Specs
{
    /// <summary>A name that no other test uses.</summary>
    public static string NewName() => "m-" + Guid.CreateVersion7().ToString("N");

    public static V1.MigrationSpec Rename(
        string name, string table = "review", string from = "comment", string to = "message", string target = "shop") => new()
        {
            Migration = name,
            Target = target,
            Versions = { ["shop-api"] = new V1.VersionRule { UsesNewFrom = 42, FreeOfOldFrom = 42 } },
            Operations = { new V1.Operation { RenameColumn = new() { Table = table, From = from, To = to } } },
        };

    public static string RenameYaml(string name, string to = "message") =>
        $$"""
        migration: {{name}}
        target: shop
        versions:
          shop-api: { uses_new_from: 42, free_of_old_from: 42 }
        operations:
          - rename_column: { table: review, from: comment, to: {{to}} }
        """;

    public static V1.PlanMigrationRequest Plan(V1.MigrationSpec spec, bool validateOnly = false, string requestId = "") =>
        new() { Spec = spec, ValidateOnly = validateOnly, RequestId = requestId };
}
