using System.Diagnostics.CodeAnalysis;
using Coordinator.Domain.Applications;
using Coordinator.EventStore;
using Coordinator.EventStore.Projections;
using Npgsql;
using NpgsqlTypes;

namespace Coordinator.Engine.Applications;

/// <summary>
/// The rows that registrations and the gate read and lock: each application's admission interval, the limits that it is
/// the sum of, its expected population, and the versions that appeared.
/// </summary>
public sealed class ApplicationProjection : IInlineProjection
{
    /// <inheritdoc/>
    public string Name => "application";

    /// <inheritdoc/>
    public IEnumerable<NpgsqlBatchCommand> Project(IReadOnlyList<IEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        var mine = events.Where(e => e.Data is ApplicationEvent).ToList();
        return mine.Select(e => ApplicationStream.NameIn(e.StreamKey)).Distinct(StringComparer.Ordinal).Select(EnsureCommand)
            .Concat(mine.SelectMany(e => Project(ApplicationStream.NameIn(e.StreamKey), (ApplicationEvent)e.Data)))
            .Concat(mine.Where(e => NarrowsOrWidens((ApplicationEvent)e.Data))
                .Select(e => ApplicationStream.NameIn(e.StreamKey)).Distinct(StringComparer.Ordinal).Select(SumCommand));
    }

    /// <inheritdoc/>
    public IEnumerable<NpgsqlBatchCommand> Reset() =>
    [
        // Not truncate: its lock would have to wait for every registration that is under way, in front of all later ones.
        new("delete from coordinator.application"),
        new("delete from coordinator.application_limit"),
        new("delete from coordinator.application_version"),
    ];

    private static bool NarrowsOrWidens(ApplicationEvent applicationEvent) => applicationEvent is
        ApplicationEvent.VersionsRetired or ApplicationEvent.RetirementEnded
        or ApplicationEvent.CeilingSet or ApplicationEvent.CeilingLifted;

    private static IEnumerable<NpgsqlBatchCommand> Project(string application, ApplicationEvent applicationEvent) =>
        applicationEvent switch
        {
            ApplicationEvent.VersionAppeared appeared => [Command(
                "insert into coordinator.application_version (application, version) values ($1, $2) on conflict do nothing",
                application, appeared.Version)],
            ApplicationEvent.VersionDrained drained => [Command(
                "delete from coordinator.application_version where application = $1 and version = $2",
                application, drained.Version)],
            ApplicationEvent.VersionsRetired retired => [Command(
                """
                insert into coordinator.application_limit (application, migration, floor) values ($1, $2, $3)
                on conflict (application, migration) do update set floor = excluded.floor
                """,
                application, retired.Migration, retired.Floor)],
            ApplicationEvent.RetirementMadePermanent permanent => [Command(
                "update coordinator.application_limit set permanent = true where application = $1 and migration = $2",
                application, permanent.Migration)],
            ApplicationEvent.RetirementEnded ended =>
            [
                Command(
                    "update coordinator.application_limit set floor = 0, permanent = false where application = $1 and migration = $2",
                    application, ended.Migration),
                ForgetCommand(application, ended.Migration),
            ],
            ApplicationEvent.CeilingSet set => [Command(
                """
                insert into coordinator.application_limit (application, migration, ceiling) values ($1, $2, $3)
                on conflict (application, migration) do update set ceiling = excluded.ceiling
                """,
                application, set.Migration, set.Ceiling)],
            ApplicationEvent.CeilingLifted lifted =>
            [
                Command(
                    "update coordinator.application_limit set ceiling = null where application = $1 and migration = $2",
                    application, lifted.Migration),
                ForgetCommand(application, lifted.Migration),
            ],
            ApplicationEvent.PopulationExpected expected => [PopulationCommand(application, expected.Population)],
            // An attested instance's row is not a projection: heartbeats, which write it too, are no events.
            _ => [],
        };

    private static NpgsqlBatchCommand EnsureCommand(string application) => Command(
        "insert into coordinator.application (name) values ($1) on conflict do nothing", application);

    // A limit that asks for nothing any more.
    private static NpgsqlBatchCommand ForgetCommand(string application, string migration) => Command(
        """
        delete from coordinator.application_limit
        where application = $1 and migration = $2 and floor = 0 and ceiling is null
        """,
        application,
        migration);

    private static NpgsqlBatchCommand SumCommand(string application) => Command(
        """
        update coordinator.application a set floor = l.floor, ceiling = l.ceiling
        from (select coalesce(max(floor), 0) as floor, min(ceiling) as ceiling
            from coordinator.application_limit where application = $1) l
        where a.name = $1
        """,
        application);

    private static NpgsqlBatchCommand PopulationCommand(string application, ExpectedPopulation population) => new(
        "update coordinator.application set population_kind = $2, population_count = $3 where name = $1")
    {
        Parameters =
        {
            new() { Value = application },
            new() { Value = (short)population.Kind },
            new() { Value = (object?)population.Count ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Integer },
        },
    };

    [SuppressMessage("Security", "CA2100", Justification = "The texts are the literals above.")]
    private static NpgsqlBatchCommand Command(string sql, params IEnumerable<object> values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new() { Value = value });
        }

        return command;
    }
}
