namespace Coordinator.Domain.Specs;

/// <summary>
/// The backfill of a <c>raw_sql</c> operation. <paramref name="Sql"/> is one UPDATE with <c>{range}</c> once in its WHERE;
/// <paramref name="Verify"/> a query that returns the number of rows still wrong (<c>{range}</c> optional).
/// </summary>
public sealed record RawBackfill(string Table, string Sql, string? Verify);
