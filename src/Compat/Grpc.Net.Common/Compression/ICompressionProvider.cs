using System.IO.Compression;

namespace Grpc.Net.Compression;

/// <summary>Compresses and decompresses messages in one encoding.</summary>
public interface ICompressionProvider
{
    /// <summary>The name of the encoding in the <c>grpc-encoding</c> and <c>grpc-accept-encoding</c> headers.</summary>
    public string EncodingName { get; }

    /// <summary>A stream that compresses what is written to it into the given stream, which stays open.</summary>
    /// <param name="stream">Receives the compressed bytes.</param>
    /// <param name="compressionLevel">How hard to compress; null is the provider's default.</param>
    public Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel);

    /// <summary>A stream that reads the decompressed content of the given stream.</summary>
    public Stream CreateDecompressionStream(Stream stream);
}
