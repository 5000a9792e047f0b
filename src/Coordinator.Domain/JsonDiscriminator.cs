namespace Coordinator.Domain;

/// <summary>
/// The property that tells the kind of a record in a closed hierarchy. One character, because jsonb stores the keys of an object
/// shortest first and System.Text.Json wants the discriminator before all others.
/// </summary>
internal static class JsonDiscriminator
{
    public const string Name = "$";
}
