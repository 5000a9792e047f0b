using System.Buffers;
using System.Text;
using Grpc.Core;

namespace Grpc.Api.Tests;

public sealed class MarshallerTests
{
    private static readonly Marshaller<string> OverContexts = Marshallers.Create<string>(
        (value, context) =>
        {
            var bytes = Encoding.UTF8.GetBytes(value);
            context.SetPayloadLength(bytes.Length);
            context.GetBufferWriter().Write(bytes);
            context.Complete();
        },
        context => $"{context.PayloadLength}:{Encoding.UTF8.GetString(context.PayloadAsReadOnlySequence())}");

    [Fact]
    public void A_marshaller_over_arrays_also_works_over_contexts()
    {
        var context = new RecordingContext();

        Marshallers.StringMarshaller.ContextualSerializer("añb", context);

        Assert.Equal(Encoding.UTF8.GetBytes("añb"), context.Payload);
        Assert.Equal("añb", Marshallers.StringMarshaller.ContextualDeserializer(new FixedContext(context.Payload!)));
    }

    [Fact]
    public void A_marshaller_over_contexts_also_works_over_arrays()
    {
        var bytes = OverContexts.Serializer("hello");

        Assert.Equal("hello"u8.ToArray(), bytes);
        Assert.Equal("5:hello", OverContexts.Deserializer(bytes));
        Assert.Equal("0:", OverContexts.Deserializer([]));
    }

    [Fact]
    public void A_serializer_may_complete_with_an_array_or_with_nothing_written()
    {
        var withArray = Marshallers.Create<string>((_, context) => context.Complete([1, 2]), _ => "");
        var empty = Marshallers.Create<string>((_, context) => context.Complete(), _ => "");

        Assert.Equal([1, 2], withArray.Serializer("x"));
        Assert.Empty(empty.Serializer("x"));
    }

    [Fact]
    public void A_serializer_completes_exactly_once()
    {
        var never = Marshallers.Create<string>((_, _) => { }, _ => "");
        var twice = Marshallers.Create<string>(
            (_, context) =>
            {
                context.Complete([1]);
                context.Complete();
            },
            _ => "");

        Assert.Throws<InvalidOperationException>(() => never.Serializer("x"));
        Assert.Throws<InvalidOperationException>(() => twice.Serializer("x"));
    }

    [Fact]
    public void A_marshaller_needs_both_functions()
    {
        Assert.Throws<ArgumentNullException>(() => Marshallers.Create<string>((Func<string, byte[]>)null!, _ => ""));
        Assert.Throws<ArgumentNullException>(() => Marshallers.Create<string>(_ => [], null!));
        Assert.Throws<ArgumentNullException>(() => Marshallers.Create<string>((_, _) => { }, null!));
    }

    [Fact]
    public void A_method_has_a_path()
    {
        var method = new Method<string, string>(
            MethodType.DuplexStreaming, "a.b.Service", "Do", Marshallers.StringMarshaller, OverContexts);

        Assert.Equal("/a.b.Service/Do", method.FullName);
        Assert.Equal("a.b.Service", method.ServiceName);
        Assert.Equal("Do", method.Name);
        Assert.Equal(MethodType.DuplexStreaming, method.Type);
        Assert.Same(Marshallers.StringMarshaller, method.RequestMarshaller);
        Assert.Same(OverContexts, method.ResponseMarshaller);
    }

    private sealed class RecordingContext : SerializationContext
    {
        public byte[]? Payload { get; private set; }

        public override void Complete(byte[] payload) => Payload = payload;
    }

    private sealed class FixedContext(byte[] payload) : DeserializationContext
    {
        public override int PayloadLength => payload.Length;

        public override byte[] PayloadAsNewBuffer() => payload;
    }
}
