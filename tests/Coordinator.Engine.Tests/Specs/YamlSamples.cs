namespace Coordinator.Engine.Tests.Specs;

/// <summary>A migration in YAML with one part replaced.</summary>
internal static class YamlSamples
{
    public const string Good =
        """
        migration: rename-review-comment
        target: shop
        versions:
          shop-api: { uses_new_from: 42, free_of_old_from: 42 }
        operations:
          - rename_column: { table: review, from: comment, to: message }
        """;

    public static string WithContract(string contract) => $"{Good}\ncontract: {{ {contract} }}\n";

    public static string WithOperation(string operation) => Replaced(
        "  - rename_column: { table: review, from: comment, to: message }", $"  - {operation}");

    public static string WithRule(string rule) => Replaced("{ uses_new_from: 42, free_of_old_from: 42 }", rule);

    public static string Replaced(string part, string by) => Good.Replace(part, by, StringComparison.Ordinal);
}
