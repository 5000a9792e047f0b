namespace Coordinator.Worker.Tests.Properties;

/// <summary>A value as SQL writes it, and as its column's text reads back; null is NULL.</summary>
internal sealed record Value(string Sql, string? Image);
