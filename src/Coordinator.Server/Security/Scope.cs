using System.Collections.Frozen;
using Coordinator.Server.Configuration;

namespace Coordinator.Server.Security;

/// <summary>The names that a caller may speak for; perhaps all of them.</summary>
internal sealed class Scope
{
    private readonly FrozenSet<string> _names;

    private Scope(IEnumerable<string> names, bool everything)
    {
        _names = names.ToFrozenSet(StringComparer.Ordinal);
        Everything = everything;
    }

    public static Scope All { get; } = new([], everything: true);

    /// <summary>No name is left out.</summary>
    public bool Everything { get; }

    public static Scope Of(IReadOnlyList<string> names) => names.Contains(GrantOptions.All) ? All : new Scope(names, everything: false);

    public bool Contains(string name) => Everything || _names.Contains(name);
}
