using System.Buffers;

namespace Grpc.Core;

/// <summary>Lets a contextual serializer write to an array.</summary>
internal sealed class ArraySerializationContext : SerializationContext
{
    private ArrayBufferWriter<byte>? _writer;
    private int _announcedLength;
    private byte[]? _payload;

    public static byte[] Serialize<T>(T value, Action<T, SerializationContext> serializer)
    {
        var context = new ArraySerializationContext();
        serializer(value, context);
        return context._payload
            ?? throw new InvalidOperationException("The serializer did not complete its serialization context.");
    }

    public override void SetPayloadLength(int payloadLength)
    {
        ThrowIfComplete();
        _announcedLength = payloadLength;
    }

    public override IBufferWriter<byte> GetBufferWriter()
    {
        ThrowIfComplete();
        return _writer ??= _announcedLength > 0 ? new ArrayBufferWriter<byte>(_announcedLength) : new();
    }

    public override void Complete(byte[] payload)
    {
        ThrowIfComplete();
        _payload = payload;
    }

    public override void Complete()
    {
        ThrowIfComplete();
        _payload = _writer is null ? [] : _writer.WrittenSpan.ToArray();
    }

    private void ThrowIfComplete()
    {
        if (_payload is not null)
        {
            throw new InvalidOperationException("The serialization context is already complete.");
        }
    }
}
