using System.Globalization;
using Coordinator.Domain;

namespace Coordinator.Engine.Applications;

/// <summary>What callers send about applications is checked here, before any of it reaches a statement.</summary>
internal static class ApplicationInput
{
    private const int LongestAppVersion = 200;
    private const int LongestReason = 1000;

    public static void Check(InstanceReport report)
    {
        CheckApplication(report.Application);
        CheckInstance(report.Instance);
        CheckVersion(report.Version);
        var appVersion = report.AppVersion ?? "";
        Require(appVersion.Length <= LongestAppVersion && !appVersion.Any(char.IsControl), "INVALID_APP_VERSION",
            $"The app version is longer than {LongestAppVersion} characters, or contains control characters.",
            "Send a short text for people, such as a release's name, or none.");
    }

    public static void CheckApplication(string application) => Require(
        ApplicationName.TryParse(application, out _, out var why), "INVALID_APPLICATION", $"The application's name {why}.",
        "Use the name that the migrations' versions use: lower-case letters, digits and hyphens, at most 63.");

    public static void CheckInstance(string instance) => Require(
        InstanceId.TryParse(instance, out _, out var why), "INVALID_INSTANCE", $"The instance's id {why}.",
        "Use an id that is unique per process start, such as the pod's name with its start time: 1 to 200 printable ASCII characters.");

    public static void CheckVersion(long version) => Require(version > 0, "INVALID_SCHEMA_VERSION",
        $"Schema version {version.ToString(CultureInfo.InvariantCulture)} is not above 0.",
        "Send the newest schema version that the program was built for.");

    public static void CheckReason(string reason)
    {
        Require(!string.IsNullOrWhiteSpace(reason), "INVALID_REASON",
            "No reason is given.", "Say how it is known that the process has ended, for instance: pod deleted.");
        Require(reason.Length <= LongestReason && !reason.Contains('\0', StringComparison.Ordinal), "INVALID_REASON",
            $"The reason is longer than {LongestReason} characters, or contains a NUL.", "Shorten it.");
    }

    private static void Require(bool condition, string code, string message, string remedy)
    {
        if (!condition)
        {
            throw new EngineException(new Rejection(code, message, remedy, null, RejectionKind.InvalidArgument));
        }
    }
}
