namespace Grpc.Core;

/// <summary>Options of the messages that a call writes.</summary>
public class WriteOptions
{
    /// <summary>Options without a flag.</summary>
    public static readonly WriteOptions Default = new();

    /// <summary>Makes write options.</summary>
    public WriteOptions(WriteFlags flags = default) => Flags = flags;

    /// <summary>The flags.</summary>
    public WriteFlags Flags { get; }
}
