using System.Globalization;

namespace Coordinator.Postgres.Ddl;

/// <summary>A session or prepared transaction that holds a lock in our way.</summary>
internal sealed record LockBlocker(
    int? Pid, string? PreparedName, string? Role, string? Application, string? State, bool IsAutovacuum, bool IsWraparound, TimeSpan? Age)
{
    /// <summary>In words, with what a person needs to find it; no query text, which may hold data.</summary>
    public override string ToString()
    {
        var age = Age is { } known ? string.Create(CultureInfo.InvariantCulture, $" for {known.TotalSeconds:0} s") : "";
        return this switch
        {
            { PreparedName: { } name } => $"prepared transaction '{name}' of {Role}{age}",
            { IsWraparound: true } => $"vacuum to prevent wraparound, pid {Pid}{age}",
            { IsAutovacuum: true } => $"autovacuum, pid {Pid}{age}",
            _ => $"pid {Pid} of {Role ?? "an unknown role"}{(string.IsNullOrEmpty(Application) ? "" : $" ({Application})")}, {State ?? "state not visible"}{age}",
        };
    }
}
