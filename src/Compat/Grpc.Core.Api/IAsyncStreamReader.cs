namespace Grpc.Core;

/// <summary>Reads the messages of a stream. Only one read may be under way at a time.</summary>
/// <typeparam name="T">The message.</typeparam>
public interface IAsyncStreamReader<out T>
{
    /// <summary>The message that the last <see cref="MoveNext"/> read.</summary>
    public T Current { get; }

    /// <summary>Reads the next message; false at the end of the stream.</summary>
    public Task<bool> MoveNext(CancellationToken cancellationToken);
}
