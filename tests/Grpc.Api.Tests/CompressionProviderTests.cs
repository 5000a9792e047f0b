using System.IO.Compression;
using Grpc.Net.Compression;

namespace Grpc.Api.Tests;

public sealed class CompressionProviderTests
{
    public static TheoryData<string> Encodings => ["gzip", "deflate"];

    [Theory]
    [MemberData(nameof(Encodings))]
    public void A_provider_reads_what_it_wrote_and_leaves_the_target_open(string encoding)
    {
        var provider = Provider(encoding);
        var content = new byte[10_000];
        using var target = new MemoryStream();

        using (var compressing = provider.CreateCompressionStream(target, null))
        {
            compressing.Write(content);
        }

        Assert.Equal(encoding, provider.EncodingName);
        Assert.InRange(target.Length, 1, 1_000);
        target.Position = 0;
        using var plain = new MemoryStream();
        using (var decompressing = provider.CreateDecompressionStream(target))
        {
            decompressing.CopyTo(plain);
        }

        Assert.Equal(content, plain.ToArray());
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    public void A_given_level_goes_before_the_default_level(string encoding)
    {
        var provider = Provider(encoding);
        using var target = new MemoryStream();

        using (var compressing = provider.CreateCompressionStream(target, CompressionLevel.NoCompression))
        {
            compressing.Write(new byte[10_000]);
        }

        Assert.True(target.Length > 10_000);
    }

    [Fact]
    public void Deflate_is_in_the_zlib_format()
    {
        using var target = new MemoryStream();
        using (var compressing = Provider("deflate").CreateCompressionStream(target, CompressionLevel.Optimal))
        {
            compressing.WriteByte(1);
        }

        Assert.Equal(0x78, target.ToArray()[0]);
    }

    private static ICompressionProvider Provider(string encoding) => encoding == "gzip"
        ? new GzipCompressionProvider(CompressionLevel.Fastest)
        : new DeflateCompressionProvider(CompressionLevel.Fastest);
}
