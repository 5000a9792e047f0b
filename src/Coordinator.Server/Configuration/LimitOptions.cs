namespace Coordinator.Server.Configuration;

/// <summary>What one caller may take of a replica: section <c>Coordinator:Limits</c>.</summary>
public sealed class LimitOptions
{
    /// <summary>
    /// How many instances one caller (an API key, a certificate, or this machine) may register in a second; twice as many at once
    /// after a quiet second. More get RESOURCE_EXHAUSTED with <c>REGISTRATIONS_TOO_FAST</c>. 2,000 by default. Renewals are not counted.
    /// </summary>
    public int RegistrationsPerSecond { get; set; } = 2000;

    /// <summary>
    /// How many sessions of instances one connection may hold; more get RESOURCE_EXHAUSTED with <c>SESSIONS_PER_CONNECTION</c>.
    /// 500 by default, at most 1,000, which is as many streams as a connection carries.
    /// </summary>
    public int SessionsPerConnection { get; set; } = 500;
}
