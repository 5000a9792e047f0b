namespace Coordinator.Worker.Batches;

/// <summary>A column of the key by which a batch goes.</summary>
/// <param name="Name">Its name, unquoted.</param>
/// <param name="Type">The type of <c>pg_catalog</c> that its bounds are read as, such as <c>int4</c>.</param>
public sealed record KeyColumn(string Name, string Type);
