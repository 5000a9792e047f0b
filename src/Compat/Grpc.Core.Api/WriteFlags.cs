namespace Grpc.Core;

/// <summary>How one message is written.</summary>
[Flags]
public enum WriteFlags
{
    /// <summary>The message need not be flushed at once.</summary>
    BufferHint = 0x1,

    /// <summary>The message is not compressed, although the call's messages are.</summary>
    NoCompress = 0x2,
}
