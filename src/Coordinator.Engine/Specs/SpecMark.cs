using YamlDotNet.Core;

namespace Coordinator.Engine.Specs;

/// <summary>Line and column in a YAML text, both from 1.</summary>
internal readonly record struct SpecMark(long Line, long Column)
{
    public static SpecMark Start { get; } = new(1, 1);

    public static SpecMark From(Mark mark) => new(Math.Max(1, mark.Line), Math.Max(1, mark.Column));
}
