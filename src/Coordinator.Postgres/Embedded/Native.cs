using System.Runtime.InteropServices;

namespace Coordinator.Postgres.Embedded;

/// <summary>The two calls to the C library that .NET has no wrapper for.</summary>
internal static partial class Native
{
    public static void Signal(int processId, int signal) => _ = Kill(processId, signal);

    public static bool IsRoot => GetEffectiveUserId() == 0;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();
}
