using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace Grpc.Api.Tests.Hosting;

/// <summary>A unary call by hand over HTTP/2, to see what the server really sends.</summary>
internal static class RawCall
{
    public const int PrefixLength = 5;

    public static async Task<(byte[] Body, HttpResponseMessage Response)> SendAsync(
        string address, ProbeRequest request, params (string Name, string Value)[] headers)
    {
        using var client = new HttpClient();
        using var message = new HttpRequestMessage(HttpMethod.Post, $"{address}/grpc.api.tests.Probe/Unary")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(Framed(request.ToByteArray())),
        };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        message.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        foreach (var (name, value) in headers)
        {
            message.Headers.Add(name, value);
        }

        var response = await client.SendAsync(message).InTimeAsync();
        return (await response.Content.ReadAsByteArrayAsync(), response);
    }

    /// <summary>A message with the prefix of gRPC: whether it is compressed, and its length.</summary>
    private static byte[] Framed(byte[] payload)
    {
        var frame = new byte[PrefixLength + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), payload.Length);
        payload.CopyTo(frame, PrefixLength);
        return frame;
    }
}
