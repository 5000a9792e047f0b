using Grpc.Core;

namespace Coordinator.Client.Instances;

/// <summary>Which failures of a heartbeat are Coordinator's answer, and which only say that there was none.</summary>
internal static class Refusal
{
    /// <summary>Coordinator read the heartbeat and said no; another way to it would bring the same answer.</summary>
    public static bool IsAnswer(CoordinatorException exception) => exception.StatusCode is
        StatusCode.FailedPrecondition or StatusCode.InvalidArgument or StatusCode.Unauthenticated
        or StatusCode.PermissionDenied or StatusCode.NotFound or StatusCode.AlreadyExists or StatusCode.OutOfRange;

    /// <summary>
    /// The version or the instance itself is refused. Only this takes a running instance's right to write at once; a bad
    /// token, say, is the control plane's trouble and must not take the application down before its lease ends.
    /// </summary>
    public static bool IsOfInstance(CoordinatorException exception) =>
        exception.StatusCode == StatusCode.FailedPrecondition;
}
