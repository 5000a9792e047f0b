using System.IO.Compression;
using Grpc.Api.Tests.Hosting;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Grpc.Api.Tests.Calls;

public sealed class CompressionTests
{
    private static readonly string LongText = new('x', 10_000);

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task A_response_is_compressed_for_a_client_that_accepts_it(string encoding)
    {
        await using var host = await ProbeHost.StartAsync(serviceOptions: options =>
        {
            options.ResponseCompressionAlgorithm = encoding;
            options.ResponseCompressionLevel = CompressionLevel.Optimal;
        });

        var (body, response) = await RawCall.SendAsync(
            host.Address, new ProbeRequest { Text = LongText }, ("grpc-accept-encoding", encoding));

        Assert.Equal(encoding, response.Headers.GetValues("grpc-encoding").Single());
        Assert.Equal(1, body[0]);
        Assert.True(body.Length < LongText.Length / 10);
        Assert.Equal(LongText, Decompressed(encoding, body).Text);
    }

    [Fact]
    public async Task A_response_is_not_compressed_for_a_client_that_does_not_accept_it()
    {
        await using var host = await ProbeHost.StartAsync(serviceOptions: CompressResponses);

        var (body, _) = await RawCall.SendAsync(host.Address, new ProbeRequest { Text = LongText });

        Assert.Equal(0, body[0]);
        Assert.True(body.Length > LongText.Length);
    }

    [Fact]
    public async Task A_message_with_the_flag_NoCompress_is_not_compressed()
    {
        await using var host = await ProbeHost.StartAsync(
            new ProbeBehaviour
            {
                Unary = (request, context) =>
                {
                    context.WriteOptions = new WriteOptions(WriteFlags.NoCompress);
                    return Task.FromResult(new ProbeReply { Text = request.Text });
                },
            },
            CompressResponses);

        var (body, _) = await RawCall.SendAsync(
            host.Address, new ProbeRequest { Text = LongText }, ("grpc-accept-encoding", "gzip"));

        Assert.Equal(0, body[0]);
    }

    [Fact]
    public async Task The_client_accepts_and_reads_a_compressed_response()
    {
        using var recorder = new EncodingRecorder { InnerHandler = new SocketsHttpHandler() };
        await using var host = await ProbeHost.StartAsync(
            serviceOptions: CompressResponses, channelOptions: options => options.HttpHandler = recorder);

        var reply = await host.Client.UnaryAsync(new ProbeRequest { Text = LongText });

        Assert.Equal(LongText, reply.Text);
        Assert.Equal("gzip", recorder.ResponseEncoding);
    }

    [Fact]
    public async Task The_client_compresses_a_request_when_a_header_asks_for_it()
    {
        string? encoding = null;
        byte[] sent = [];
        await using var host = await ProbeHost.StartAsync(map: app =>
        {
            app.Use(async (HttpContext context, RequestDelegate next) =>
            {
                encoding = context.Request.Headers["grpc-encoding"];
                using var copy = new MemoryStream();
                await context.Request.Body.CopyToAsync(copy);
                sent = copy.ToArray();
                context.Request.Body = new MemoryStream(sent);
                await next(context);
            });
            app.MapGrpcService<ProbeService>();
        });

        var reply = await host.Client.UnaryAsync(
            new ProbeRequest { Text = LongText }, new Metadata { { "grpc-internal-encoding-request", "gzip" } });

        Assert.Equal(LongText, reply.Text);
        Assert.Equal("gzip", encoding);
        Assert.Equal(1, sent[0]);
        Assert.True(sent.Length < LongText.Length / 10);
    }

    private static void CompressResponses(AspNetCore.Server.GrpcServiceOptions options)
    {
        options.ResponseCompressionAlgorithm = "gzip";
        options.ResponseCompressionLevel = CompressionLevel.Fastest;
    }

    private static ProbeReply Decompressed(string encoding, byte[] body)
    {
        using var compressed = new MemoryStream(body, RawCall.PrefixLength, body.Length - RawCall.PrefixLength);
        using Stream plain = encoding == "gzip"
            ? new GZipStream(compressed, CompressionMode.Decompress)
            : new ZLibStream(compressed, CompressionMode.Decompress);
        return ProbeReply.Parser.ParseFrom(plain);
    }

    private sealed class EncodingRecorder : DelegatingHandler
    {
        public string? ResponseEncoding { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            ResponseEncoding = response.Headers.GetValues("grpc-encoding").Single();
            return response;
        }
    }
}
