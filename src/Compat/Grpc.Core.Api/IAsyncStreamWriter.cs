namespace Grpc.Core;

/// <summary>Writes the messages of a stream. Only one write may be under way at a time.</summary>
/// <typeparam name="T">The message.</typeparam>
public interface IAsyncStreamWriter<in T>
{
    /// <summary>The options of the next message; null is the default of the call.</summary>
    public WriteOptions? WriteOptions { get; set; }

    /// <summary>Writes a message.</summary>
    public Task WriteAsync(T message);

    /// <summary>Writes a message. Cancellation ends the whole call.</summary>
    /// <exception cref="NotSupportedException">
    /// The token can be cancelled and the implementation does not support that.
    /// </exception>
    public Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            throw new NotSupportedException(
                "Cancellation of stream writes is not supported by this gRPC implementation.");
        }

        return WriteAsync(message);
    }
}
