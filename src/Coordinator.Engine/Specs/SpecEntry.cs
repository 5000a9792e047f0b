namespace Coordinator.Engine.Specs;

/// <summary>One key of a mapping with its value.</summary>
internal sealed record SpecEntry(string Key, SpecMark KeyMark, SpecNode Value);
