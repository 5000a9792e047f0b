using Coordinator.Engine.Applications;
using Coordinator.Server.Errors;
using Coordinator.Server.Security;

namespace Coordinator.Server.Applications;

/// <summary>Whom a session speaks for: one instance, from its first message to its last.</summary>
internal sealed class SessionIdentity(Caller caller)
{
    private InstanceReport? _first;

    /// <summary>The report, if it is this session's to make.</summary>
    public InstanceReport Accept(InstanceReport report)
    {
        caller.RequireApplication(report.Application);
        _first ??= report;
        return report.Application == _first.Application && report.Instance == _first.Instance
            ? report
            : throw InvalidRequest.Field(
                "report.instance",
                "SESSION_INSTANCE_CHANGED",
                "A later message of the session names another instance than the first.",
                "Open a session for each instance.");
    }
}
