using Coordinator.Domain.Applications;
using Coordinator.Domain.Gates;
using Npgsql;

namespace Coordinator.Engine.Applications;

/// <summary>
/// Reads what the gate looks at. An instance counts until it left or somebody vouched for its end: a lapsed lease makes
/// it suspected, never absent.
/// </summary>
public sealed class GateFactsReader(CoordinationDatabase database)
{
    /// <summary>The facts of the applications, from one snapshot.</summary>
    public async Task<GateFacts> ReadAsync(IReadOnlyCollection<string> applications, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(applications);
        await using var command = database.DataSource.CreateCommand(
            """
            with moment as materialized (select clock_timestamp() as now)
            select n.name, a.population_kind, a.population_count, i.instance, i.version, i.expires_at > moment.now,
                greatest(moment.now - i.last_seen_at, interval '0'), moment.now
            from moment
                left join unnest($1) as n(name) on true
                left join coordinator.application a on a.name = n.name
                left join coordinator.instance i on i.application = n.name and i.state = 0
            order by n.name, i.instance
            """);
        command.Parameters.Add(new() { Value = applications.Distinct(StringComparer.Ordinal).ToArray() });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var instances = new List<InstanceFact>();
        var populations = new Dictionary<string, ExpectedPopulation?>(StringComparer.Ordinal);
        var now = DateTimeOffset.MinValue;
        while (await reader.ReadAsync(cancellationToken))
        {
            now = ReadRow(reader, instances, populations);
        }

        return new GateFacts(instances, populations, now);
    }

    private static DateTimeOffset ReadRow(
        NpgsqlDataReader reader, List<InstanceFact> instances, Dictionary<string, ExpectedPopulation?> populations)
    {
        if (!reader.IsDBNull(0))
        {
            populations[reader.GetString(0)] = ApplicationRows.ReadPopulation(reader, 1);
        }

        if (!reader.IsDBNull(3))
        {
            instances.Add(ReadInstance(reader));
        }

        return reader.GetFieldValue<DateTimeOffset>(7);
    }

    private static InstanceFact ReadInstance(NpgsqlDataReader reader) => new(
        reader.GetString(0),
        reader.GetString(3),
        reader.GetInt64(4),
        reader.GetBoolean(5) ? InstanceCondition.Live : InstanceCondition.Suspected,
        reader.GetFieldValue<TimeSpan>(6));
}
