namespace Coordinator.Engine;

/// <summary>A part of a list.</summary>
/// <param name="Items">The rows of this page.</param>
/// <param name="NextPageToken">Asks for the next page; empty on the last.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string NextPageToken);
