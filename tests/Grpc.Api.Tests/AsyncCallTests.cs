using Grpc.Core;

namespace Grpc.Api.Tests;

public sealed class AsyncCallTests
{
    private static readonly Metadata Headers = new() { { "kind", "header" } };

    private static readonly Metadata Trailers = new() { { "kind", "trailer" } };

    private int _disposals;

    [Fact]
    public async Task A_unary_call_is_awaited_for_its_response()
    {
        using var call = new AsyncUnaryCall<string>(
            Task.FromResult("r"), Task.FromResult(Headers), () => Status.DefaultCancelled, () => Trailers, () => { });

        Assert.Equal("r", await call);
        Assert.Equal("r", await call.ConfigureAwait(false));
        Assert.Equal("r", await call.ResponseAsync);
        Assert.Same(Headers, await call.ResponseHeadersAsync);
        Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
        Assert.Same(Trailers, call.GetTrailers());
    }

    [Fact]
    public async Task The_delegates_of_a_call_receive_its_state()
    {
        var state = new CallState(Headers, Trailers);
        var call = new AsyncUnaryCall<string>(
            Task.FromResult("r"),
            s => Task.FromResult(((CallState)s).Headers),
            _ => Status.DefaultSuccess,
            s => ((CallState)s).Trailers,
            s => ((CallState)s).Disposals++,
            state);

        Assert.Same(Headers, await call.ResponseHeadersAsync);
        Assert.Same(Trailers, call.GetTrailers());
        call.Dispose();
        Assert.Equal(1, state.Disposals);
    }

    [Fact]
    public async Task Streaming_calls_give_their_streams_and_dispose_once_asked()
    {
        var writer = new ListWriter();
        var reader = new ListReader("a", "b");
        var headers = Task.FromResult(Headers);

        var client = new AsyncClientStreamingCall<string, string>(
            writer, Task.FromResult("r"), headers, () => Status.DefaultSuccess, () => Trailers, Count);
        var server = new AsyncServerStreamingCall<string>(
            reader, headers, () => Status.DefaultSuccess, () => Trailers, Count);
        var duplex = new AsyncDuplexStreamingCall<string, string>(
            writer, reader, headers, () => Status.DefaultSuccess, () => Trailers, Count);

        Assert.Equal("r", await client);
        Assert.Same(writer, client.RequestStream);
        Assert.Same(reader, server.ResponseStream);
        Assert.Same(writer, duplex.RequestStream);
        Assert.Same(reader, duplex.ResponseStream);
        client.Dispose();
        server.Dispose();
        duplex.Dispose();
        Assert.Equal(3, _disposals);
    }

    [Fact]
    public async Task A_stream_is_read_message_by_message_or_as_a_sequence()
    {
        var reader = new ListReader("a", "b", "c");

        Assert.True(await reader.MoveNext());
        Assert.Equal("a", reader.Current);
        Assert.Equal(["b", "c"], await reader.ReadAllAsync().ToListAsync());
        Assert.False(await reader.MoveNext());
        Assert.Throws<ArgumentNullException>(() => ((IAsyncStreamReader<string>)null!).ReadAllAsync());
    }

    [Fact]
    public async Task Reading_a_sequence_passes_either_token_on()
    {
        using var source = new CancellationTokenSource();
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await new ListReader("a").ReadAllAsync(source.Token).ToListAsync());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await new ListReader("a").ReadAllAsync().ToListAsync(source.Token));
    }

    [Fact]
    public async Task A_writer_that_knows_no_cancellation_refuses_a_token_that_can_be_cancelled()
    {
        var list = new ListWriter();
        IAsyncStreamWriter<string> writer = list;
        using var source = new CancellationTokenSource();

        await writer.WriteAsync("a", CancellationToken.None);

        await Assert.ThrowsAsync<NotSupportedException>(() => writer.WriteAsync("b", source.Token));
        Assert.Equal(["a"], list.Messages);
    }

    private void Count() => _disposals++;

    private sealed class CallState(Metadata headers, Metadata trailers)
    {
        public Metadata Headers => headers;

        public Metadata Trailers => trailers;

        public int Disposals { get; set; }
    }

    private sealed class ListReader(params string[] messages) : IAsyncStreamReader<string>
    {
        private int _position = -1;

        public string Current => messages[_position];

        public Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Task.FromResult(++_position < messages.Length);
        }
    }

    private sealed class ListWriter : IClientStreamWriter<string>
    {
        public List<string> Messages { get; } = [];

        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(string message)
        {
            Messages.Add(message);
            return Task.CompletedTask;
        }

        public Task CompleteAsync() => Task.CompletedTask;
    }
}
