using System.Globalization;
using Coordinator.Domain;

namespace Coordinator.Engine.Applications;

/// <summary>The refusals that concern one instance.</summary>
internal static class InstanceRejections
{
    public static EngineException VersionChanged(InstanceReport report) => Refuse(
        report.Application,
        report.Instance,
        "INSTANCE_VERSION_CHANGED",
        string.Create(
            CultureInfo.InvariantCulture,
            $"Instance {report.Application}/{report.Instance} is registered with another version than {report.Version}."),
        "Use an id that is unique per process start; a process of another version is another instance.");

    public static EngineException Ended(InstanceReport report) => Refuse(
        report.Application,
        report.Instance,
        "INSTANCE_ENDED",
        $"Instance {report.Application}/{report.Instance} has left, or was attested gone.",
        "Stop using the target. A process that starts again registers with a new id.");

    public static EngineException NotFound(string application, string instance) => Refuse(
        application,
        instance,
        "INSTANCE_NOT_FOUND",
        $"There is no instance {application}/{instance}.",
        "Check both names in the list of instances.",
        RejectionKind.NotFound);

    public static EngineException Contended(string application) => new(new Rejection(
        "APPLICATION_CONTENDED",
        $"Application {application} is being changed by too many callers at once.",
        "Send the request again in a moment.",
        new Dictionary<string, string> { ["application"] = application },
        RejectionKind.Aborted));

    private static EngineException Refuse(
        string application,
        string instance,
        string code,
        string message,
        string remedy,
        RejectionKind kind = RejectionKind.FailedPrecondition) =>
        new(new Rejection(
            code,
            message,
            remedy,
            new Dictionary<string, string> { ["application"] = application, ["instance"] = instance },
            kind));
}
