namespace Coordinator.Worker.Tests.Properties;

/// <summary>What the two sides of a change are to each other, said in SQL for the trigger and in C# for the model.</summary>
/// <param name="OldType">The old column's type.</param>
/// <param name="NewType">The new column's type.</param>
/// <param name="Up">The new value in SQL.</param>
/// <param name="Down">The old value in SQL.</param>
/// <param name="F">The new value's text for the old one's.</param>
/// <param name="G">The old value's text for the new one's.</param>
internal sealed record Mapping(
    string OldType, string NewType, string Up, string Down, Func<string?, string?> F, Func<string?, string?> G)
{
    public static Mapping Identity(string type) => new(type, type, "{}", "{}", value => value, value => value);
}
