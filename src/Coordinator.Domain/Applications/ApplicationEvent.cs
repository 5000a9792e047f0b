namespace Coordinator.Domain.Applications;

/// <summary>What happened to an application. Instances and their heartbeats are rows; decisions about versions are events.</summary>
public abstract record ApplicationEvent
{
    private ApplicationEvent()
    {
    }

    /// <summary>The first instance of a version registered.</summary>
    public sealed record VersionAppeared(long Version) : ApplicationEvent;

    /// <summary>The last instance of a version left.</summary>
    public sealed record VersionDrained(long Version) : ApplicationEvent;

    /// <summary>No version below the floor may start, because of a migration.</summary>
    public sealed record VersionsRetired(string Migration, long Floor) : ApplicationEvent;

    /// <summary>Contract ran: the retirement can't be ended any more.</summary>
    public sealed record RetirementMadePermanent(string Migration) : ApplicationEvent;

    public sealed record RetirementEnded(string Migration) : ApplicationEvent;

    /// <summary>No version at or above the ceiling may start: it needs a structure that is not complete.</summary>
    public sealed record CeilingSet(string Migration, long Ceiling) : ApplicationEvent;

    public sealed record CeilingLifted(string Migration) : ApplicationEvent;

    public sealed record PopulationExpected(ExpectedPopulation Population) : ApplicationEvent;

    /// <summary>Somebody vouches that an instance whose lease lapsed is gone.</summary>
    public sealed record InstanceAttested(string Instance, long Version, string By, string Why) : ApplicationEvent;
}
