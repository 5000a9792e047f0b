using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;

namespace Coordinator.Client.Instances;

/// <summary>What this process says of itself to Coordinator, and how it behaves when Coordinator cannot be reached.</summary>
public sealed class CoordinatorInstanceOptions
{
    /// <summary>The application's name: lower-case letters, digits and hyphens, at most 63. Required.</summary>
    public string Application { get; set; } = "";

    /// <summary>The newest schema that this build was made for; above 0. Required.</summary>
    public long SchemaVersion { get; set; }

    /// <summary>
    /// This process's own id, unique per process start; 1 to 200 printable ASCII characters. By default the machine's
    /// name, the process id and eight random hexadecimal digits.
    /// </summary>
    public string Instance { get; set; } = NewInstanceId();

    /// <summary>The program's version, for people. By default the entry assembly's.</summary>
    public string AppVersion { get; set; } =
        Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    /// <summary>What to do when Coordinator cannot be reached at the start. By default the start is refused.</summary>
    public UnreachableStart StartWhenUnreachable { get; set; } = UnreachableStart.Refuse;

    /// <summary>How long the start waits for Coordinator to be reachable. 30 seconds by default.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long one heartbeat may take before another address is tried; never more than a third of the lease. 3 seconds
    /// by default.
    /// </summary>
    public TimeSpan HeartbeatTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// How long the good-bye may take, repeated while Coordinator can't be reached, before the process ends without it: somebody then has
    /// to vouch for its end. 3 seconds by default.
    /// </summary>
    public TimeSpan LeaveTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// When a hosted instance says good-bye. By default after everything in the host has stopped: an instance that has
    /// left no longer holds back the removal of old columns, so it must not be serving requests any more.
    /// </summary>
    public LeaveMoment LeaveWhen { get; set; } = LeaveMoment.Stopped;

    internal static string NewInstanceId()
    {
        var random = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        var machine = string.Concat(Environment.MachineName.Where(c => c is > ' ' and <= '~'));
        return string.Create(CultureInfo.InvariantCulture, $"{machine}-{Environment.ProcessId}-{random}");
    }
}
