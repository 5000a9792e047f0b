using System.Text.RegularExpressions;

namespace Coordinator.EventStore.Registry;

/// <summary>Marten's rule for the alias of an event or aggregate type that was not given one: the class name in snake case.</summary>
internal static partial class TypeAlias
{
    public static string For(Type type)
    {
        var name = Name(type);
        // Both replacements are Marten's, in this order; an underscore in a class name becomes three.
        name = BeforeCapitalizedWord().Replace(name, "$1 $2");
        name = AfterLowerCase().Replace(name, "$1 $2");
        return type.IsGenericType ? Name(type) : name.ToLowerInvariant().Replace(' ', '_');
    }

    /// <summary>The stored CLR name: full name and assembly, without version.</summary>
    public static string DotNetName(Type type) => $"{type.FullName}, {type.Assembly.GetName().Name}";

    private static string Name(Type type) => type.IsGenericType
        ? $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
        : type.Name;

    [GeneratedRegex(@"(\P{Ll})(\P{Ll}\p{Ll})")]
    private static partial Regex BeforeCapitalizedWord();

    [GeneratedRegex(@"(\p{Ll})(\P{Ll})")]
    private static partial Regex AfterLowerCase();
}
