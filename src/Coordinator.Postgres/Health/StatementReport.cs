namespace Coordinator.Postgres.Health;

/// <summary>
/// The statements that name a column, with how often each ran. Where they can't be seen, an empty list proves nothing, and
/// <see cref="WhyNot"/> says what is missing.
/// </summary>
/// <param name="CanSee">Whether the list can be relied on.</param>
/// <param name="WhyNot">What is missing, when it can't.</param>
/// <param name="Epoch">Changes when statistics were thrown away: what ran between two looks may then be missing in both.</param>
/// <param name="Statements">The statements, by what identifies them.</param>
public sealed record StatementReport(
    bool CanSee, string? WhyNot, string Epoch, IReadOnlyDictionary<string, StatementCalls> Statements);
