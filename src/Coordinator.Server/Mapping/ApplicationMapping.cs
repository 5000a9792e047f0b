using Coordinator.Domain.Applications;
using Coordinator.Engine.Applications;
using Coordinator.Server.Errors;
using Google.Protobuf.WellKnownTypes;

namespace Coordinator.Server.Mapping;

/// <summary>Applications and instances on the wire.</summary>
internal static class ApplicationMapping
{
    public static InstanceReport ToReport(V1.InstanceReport? report) => report is null
        ? throw InvalidRequest.Field("report", "REPORT_MISSING", "The heartbeat says nothing of its instance.", "Set report.")
        : new InstanceReport(ResourceNames.ParseApplication(report.Application), report.Instance, report.SchemaVersion, report.AppVersion);

    public static V1.SessionResponse ToSessionResponse(InstanceLease lease) => new()
    {
        LeaseDuration = Duration.FromTimeSpan(lease.Duration),
        HeartbeatInterval = Duration.FromTimeSpan(lease.HeartbeatInterval),
    };

    public static V1.SessionResponse ToIntervalHint(TimeSpan interval) => new() { HeartbeatInterval = Duration.FromTimeSpan(interval) };

    public static V1.SessionResponse ToDrainHint(TimeSpan within) => new() { Drain = new V1.SessionDrain { Within = Duration.FromTimeSpan(within) } };

    public static V1.HeartbeatResponse ToHeartbeatResponse(InstanceLease lease) => new()
    {
        LeaseDuration = Duration.FromTimeSpan(lease.Duration),
        HeartbeatInterval = Duration.FromTimeSpan(lease.HeartbeatInterval),
    };

    public static V1.Application ToProto(ApplicationRow row) => new()
    {
        Name = ResourceNames.Application(row.Name),
        Floor = row.Floor,
        Ceiling = row.Ceiling ?? 0,
        ExpectedPopulation = ToProto(row.Population),
    };

    public static V1.Instance ToProto(InstanceRow row) => new()
    {
        Name = ResourceNames.Instance(row.Application, row.Instance),
        SchemaVersion = row.Version,
        AppVersion = row.AppVersion,
        State = row.Presence switch
        {
            InstancePresence.Live => V1.Instance.Types.State.Live,
            InstancePresence.Suspected => V1.Instance.Types.State.Suspected,
            InstancePresence.Left => V1.Instance.Types.State.Left,
            InstancePresence.AttestedGone => V1.Instance.Types.State.AttestedGone,
            _ => V1.Instance.Types.State.Unspecified,
        },
        CreateTime = Timestamp.FromDateTimeOffset(row.RegisteredAt),
        LastSeenTime = Timestamp.FromDateTimeOffset(row.LastSeenAt),
        ExpireTime = Timestamp.FromDateTimeOffset(row.ExpiresAt),
    };

    public static ExpectedPopulation ToPopulation(V1.ExpectedPopulation? population) => population?.KindCase switch
    {
        V1.ExpectedPopulation.KindOneofCase.Count => ExpectedPopulation.Of(population.Count),
        V1.ExpectedPopulation.KindOneofCase.Observed when population.Observed => ExpectedPopulation.Observed,
        V1.ExpectedPopulation.KindOneofCase.None_ when population.None => ExpectedPopulation.None,
        _ => throw InvalidRequest.Field(
            "expected_population",
            "POPULATION_MISSING",
            "It is not said how many instances are expected.",
            "Set count to a number, or observed or none to true."),
    };

    private static V1.ExpectedPopulation? ToProto(ExpectedPopulation? population) => population?.Kind switch
    {
        null => null,
        PopulationKind.Count => new V1.ExpectedPopulation { Count = population.Count ?? 0 },
        PopulationKind.Observed => new V1.ExpectedPopulation { Observed = true },
        PopulationKind.None => new V1.ExpectedPopulation { None = true },
        _ => throw new ArgumentOutOfRangeException(nameof(population), population, "Not a kind of population."),
    };
}
