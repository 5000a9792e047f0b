namespace Grpc.Core;

/// <summary>
/// A call that did not end with <see cref="StatusCode.OK"/>. A client receives it; a service method throws it to choose
/// the status and the trailers of its call.
/// </summary>
public class RpcException : Exception
{
    /// <summary>Makes the exception of a status. The message is the status as text.</summary>
    public RpcException(Status status)
        : this(status, status.ToString(), Metadata.Empty)
    {
    }

    /// <summary>Makes the exception of a status, with a message of the caller's choice.</summary>
    public RpcException(Status status, string message)
        : this(status, message, Metadata.Empty)
    {
    }

    /// <summary>Makes the exception of a status and its trailers. The message is the status as text.</summary>
    public RpcException(Status status, Metadata trailers)
        : this(status, status.ToString(), trailers)
    {
    }

    /// <summary>Makes the exception of a status and its trailers, with a message of the caller's choice.</summary>
    public RpcException(Status status, Metadata trailers, string message)
        : this(status, message, trailers)
    {
    }

    private RpcException(Status status, string message, Metadata trailers)
        : base(message, status.DebugException)
    {
        ArgumentNullException.ThrowIfNull(trailers);
        Status = status;
        Trailers = trailers;
    }

    /// <summary>The status that the call ended with.</summary>
    public Status Status { get; }

    /// <summary>The code of <see cref="Status"/>.</summary>
    public StatusCode StatusCode => Status.StatusCode;

    /// <summary>The trailers of the call; empty when there are none.</summary>
    public Metadata Trailers { get; }
}
