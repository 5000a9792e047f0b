namespace Coordinator.Domain.Specs;

/// <summary>
/// The backfill of a <c>raw_sql</c> operation: either <paramref name="Sql"/>, one UPDATE with <c>{range}</c> once in its WHERE, or
/// <paramref name="Handler"/>, the name of code that workers bring along. <paramref name="Verify"/> is a query that returns the
/// number of rows still wrong (<c>{range}</c> optional). <paramref name="By"/> says how rows are handed out; null: by the table's
/// primary key where that can be done, else by blocks. <paramref name="Key"/> names the columns of another unique key.
/// </summary>
public sealed record RawBackfill(
    string Table, string? Sql, string? Verify, string? Handler = null, RangeKind? By = null, IReadOnlyList<string>? Key = null);
