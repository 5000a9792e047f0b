namespace Coordinator.Engine.Specs;

/// <summary>A piece of a YAML document with the place where it stands (both numbers from 1).</summary>
internal abstract record SpecNode(SpecMark Mark)
{
    /// <summary><paramref name="IsPlain"/>: written without quotes, so that <c>null</c> means nothing and 42 a number.</summary>
    public sealed record Scalar(SpecMark Mark, string Value, bool IsPlain) : SpecNode(Mark)
    {
        public bool IsNull => IsPlain && Value is "" or "~" or "null" or "Null" or "NULL";
    }

    public sealed record Sequence(SpecMark Mark, IReadOnlyList<SpecNode> Items) : SpecNode(Mark);

    public sealed record Mapping(SpecMark Mark, IReadOnlyList<SpecEntry> Entries) : SpecNode(Mark);

    public string Kind => this switch
    {
        Scalar { IsNull: true } => "nothing",
        Scalar => "a text",
        Sequence => "a list",
        _ => "a mapping",
    };
}
