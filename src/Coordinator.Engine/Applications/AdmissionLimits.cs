using Coordinator.Domain.Applications;
using Coordinator.Engine.Requests;
using Npgsql;

namespace Coordinator.Engine.Applications;

/// <summary>
/// What narrows the versions of applications now. Whoever asks at the same time is answered by one read, for whichever applications;
/// it begins after each of them asked, so that no answer is older than what was acknowledged before the question.
/// </summary>
internal sealed class AdmissionLimits
{
    private const int MostPerRead = 1000;

    private readonly CoordinationDatabase _database;
    private readonly Rounds<string, ApplicationState> _rounds;

    public AdmissionLimits(CoordinationDatabase database)
    {
        _database = database;
        _rounds = new(MostPerRead, RunAsync);
    }

    /// <summary>As much of an application's state as admission asks for, with the migrations that narrow the interval.</summary>
    public Task<ApplicationState> ReadAsync(string application, CancellationToken cancellationToken) =>
        _rounds.AskAsync(application, cancellationToken);

    private async Task RunAsync(IReadOnlyList<Rounds<string, ApplicationState>.Caller> round)
    {
        var names = round.Select(caller => caller.Request).Distinct(StringComparer.Ordinal).ToArray();
        await using var command = _database.DataSource.CreateCommand(
            "select application, migration, floor, ceiling from coordinator.application_limit where application = any($1)");
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = names });
        await using var reader = await command.ExecuteReaderAsync();
        var states = names.ToDictionary(name => name, ApplicationState.Named, StringComparer.Ordinal);
        while (await reader.ReadAsync())
        {
            var (application, migration, floor, ceiling) = ReadLimit(reader);
            var state = states[application];
            states[application] = state with
            {
                Retirements = floor > 0 ? With(state.Retirements, migration, floor) : state.Retirements,
                Ceilings = ceiling is { } version ? With(state.Ceilings, migration, version) : state.Ceilings,
            };
        }

        foreach (var caller in round)
        {
            caller.Answer(states[caller.Request]);
        }
    }

    private static (string Application, string Migration, long Floor, long? Ceiling) ReadLimit(NpgsqlDataReader reader) =>
        (reader.GetString(0), reader.GetString(1), reader.GetInt64(2), reader.IsDBNull(3) ? null : reader.GetInt64(3));

    private static Dictionary<string, long> With(IReadOnlyDictionary<string, long> limits, string migration, long version) =>
        new(limits, StringComparer.Ordinal) { [migration] = version };
}
