namespace Coordinator.Domain.Applications;

/// <summary>What is asked of an application.</summary>
public abstract record ApplicationCommand
{
    private ApplicationCommand()
    {
    }

    public sealed record AppearVersion(long Version) : ApplicationCommand;

    public sealed record DrainVersion(long Version) : ApplicationCommand;

    public sealed record RetireVersions(string Migration, long Floor) : ApplicationCommand;

    public sealed record MakeRetirementPermanent(string Migration) : ApplicationCommand;

    public sealed record EndRetirement(string Migration) : ApplicationCommand;

    public sealed record SetCeiling(string Migration, long Ceiling) : ApplicationCommand;

    public sealed record LiftCeiling(string Migration) : ApplicationCommand;

    public sealed record ExpectPopulation(ExpectedPopulation Population) : ApplicationCommand;

    public sealed record AttestInstance(string Instance, long Version, string By, string Why) : ApplicationCommand;
}
