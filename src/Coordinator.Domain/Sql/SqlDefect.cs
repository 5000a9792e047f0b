namespace Coordinator.Domain.Sql;

/// <summary>What is wrong with a piece of SQL: the code and remedy of a <see cref="Specs.SpecError"/>, and a clause "it …" for its message.</summary>
internal sealed record SqlDefect(string Code, string What, string Remedy)
{
    public static SqlDefect Empty { get; } = new("SQL_EMPTY", "it holds no SQL", "Write the SQL, or leave the key out.");
}
