using Grpc.Core;

namespace Coordinator.Client.Transport;

/// <summary>Tells a failure of the way to Coordinator from an answer of Coordinator.</summary>
internal static class TransportFailure
{
    /// <summary>
    /// Whether the call may be sent again to another address: the server was not reached, went away, or said that it is
    /// unavailable. A connection that ends in the middle of a call is reported as Internal by the HTTP/2 stack when the
    /// peer closed it in an orderly way, so the cause is looked at too.
    /// </summary>
    public static bool IsUnavailable(RpcException exception) => exception.StatusCode switch
    {
        StatusCode.Unavailable => true,
        StatusCode.Internal or StatusCode.Unknown => IsConnectionLoss(exception.Status.DebugException),
        _ => false,
    };

    /// <summary>Whether the next call had better go to another address: also when this one did not answer in time.</summary>
    public static bool IsSuspect(RpcException exception) =>
        IsUnavailable(exception) || exception.StatusCode == StatusCode.DeadlineExceeded;

    private static bool IsConnectionLoss(Exception? cause)
    {
        for (var current = cause; current is not null; current = current.InnerException)
        {
            if (current is HttpRequestException or IOException)
            {
                return true;
            }
        }

        return false;
    }
}
