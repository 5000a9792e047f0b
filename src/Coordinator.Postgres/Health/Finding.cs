namespace Coordinator.Postgres.Health;

/// <summary>Makes findings.</summary>
internal static class Finding
{
    public static TargetFinding Ok(string code, string message) => new(FindingSeverity.Ok, code, message, "");

    public static TargetFinding Warning(string code, string message, string remedy) =>
        new(FindingSeverity.Warning, code, message, remedy);

    public static TargetFinding Error(string code, string message, string remedy) =>
        new(FindingSeverity.Error, code, message, remedy);
}
