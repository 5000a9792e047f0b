using System.Buffers;

namespace Grpc.Core;

/// <summary>Receives one serialized message, at once as an array or through a buffer writer.</summary>
public abstract class SerializationContext
{
    /// <summary>Takes the whole message. Ends the serialization.</summary>
    public virtual void Complete(byte[] payload) => throw new NotImplementedException();

    /// <summary>The writer that takes the message in pieces, before <see cref="Complete()"/>.</summary>
    public virtual IBufferWriter<byte> GetBufferWriter() => throw new NotImplementedException();

    /// <summary>Announces the size of the message, before the buffer writer is used.</summary>
    public virtual void SetPayloadLength(int payloadLength)
    {
    }

    /// <summary>Says that the buffer writer has the whole message. Ends the serialization.</summary>
    public virtual void Complete() => throw new NotImplementedException();
}
