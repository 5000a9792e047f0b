using Coordinator.Domain.Specs;
using Coordinator.Engine.Applications;
using Npgsql;

namespace Coordinator.Engine.Tests.Applications;

/// <summary>What a driver does with an application's interval, for tests of one migration from version 1 to 2.</summary>
public sealed class AdmissionFixture(CoordinationFixture fixture)
{
    private readonly AdmissionChanges _changes = new(fixture.Store);

    public InstanceRegistry Registry { get; } = new(fixture.Coordination, fixture.Store, fixture.Options);

    public static IReadOnlyDictionary<string, VersionRule> Versions(params string[] applications) =>
        applications.ToDictionary(name => name, _ => new VersionRule(2, 2));

    public Task<InstanceLease> BeatAsync(string application, string instance, long version) =>
        Registry.HeartbeatAsync(new InstanceReport(application, instance, version, ""), CancellationToken.None);

    public Task LeaveAsync(string application, string instance) =>
        Registry.LeaveAsync(application, instance, CancellationToken.None);

    /// <summary>Makes a version known without an instance of it being there.</summary>
    public async Task AppearAsync(string application, long version)
    {
        await BeatAsync(application, $"appeared-{version}", version);
        await LeaveAsync(application, $"appeared-{version}");
    }

    /// <summary>The code of the refusal, or "admitted".</summary>
    public async Task<string> TryBeatAsync(string application, string instance, long version)
    {
        try
        {
            await BeatAsync(application, instance, version);
            return "admitted";
        }
        catch (EngineException refused)
        {
            return refused.Rejection.Code;
        }
    }

    public async Task RetireAsync(NpgsqlBatchCommand? last, params string[] applications)
    {
        await using var session = fixture.Store.OpenSession();
        await _changes.EnlistRetireAsync(session, "m", Versions(applications), [], CancellationToken.None);
        if (last is not null)
        {
            session.Enlist(last);
        }

        await session.SaveChangesAsync();
    }

    public async Task SetCeilingsAsync(bool requireNoNewer, params string[] applications)
    {
        await using var session = fixture.Store.OpenSession();
        await _changes.EnlistCeilingsAsync(session, "m", Versions(applications), requireNoNewer, CancellationToken.None);
        await session.SaveChangesAsync();
    }

    public async Task LiftCeilingsAsync(params string[] applications)
    {
        await using var session = fixture.Store.OpenSession();
        await _changes.EnlistCeilingsLiftedAsync(session, "m", applications, CancellationToken.None);
        await session.SaveChangesAsync();
    }

    public async Task MakePermanentAsync(params string[] applications)
    {
        await using var session = fixture.Store.OpenSession();
        await _changes.EnlistRetirementsPermanentAsync(session, "m", applications, CancellationToken.None);
        await session.SaveChangesAsync();
    }

    public async Task EndLimitsAsync(params string[] applications)
    {
        await using var session = fixture.Store.OpenSession();
        await _changes.EnlistLimitsEndedAsync(session, "m", applications, CancellationToken.None);
        await session.SaveChangesAsync();
    }
}
