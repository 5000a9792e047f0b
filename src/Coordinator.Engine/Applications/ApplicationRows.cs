using System.Buffers.Text;
using System.Text;
using Coordinator.Domain;
using Coordinator.Domain.Applications;
using Npgsql;

namespace Coordinator.Engine.Applications;

/// <summary>Reads of applications and instances.</summary>
internal sealed class ApplicationRows(CoordinationDatabase database)
{
    private const int DefaultPage = 100;
    private const int LargestPage = 1000;

    private const string InstanceColumns =
        """
        application, instance, version, app_version,
        case when state = 0 and expires_at > clock_timestamp() then 0 else state + 1 end,
        registered_at, last_seen_at, expires_at, ended_at
        """;

    public async Task<ApplicationRow?> FindApplicationAsync(string application, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(
            "select name, floor, ceiling, population_kind, population_count from coordinator.application where name = $1");
        command.Parameters.Add(new() { Value = application });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? ReadApplication(reader) : null;
    }

    public async Task<InstanceRow?> FindInstanceAsync(string application, string instance, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(
            $"select {InstanceColumns} from coordinator.instance where application = $1 and instance = $2");
        command.Parameters.Add(new() { Value = application });
        command.Parameters.Add(new() { Value = instance });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? ReadInstance(reader) : null;
    }

    public async Task<Page<InstanceRow>> ListInstancesAsync(
        string application, bool includeGone, int pageSize, string pageToken, CancellationToken cancellationToken)
    {
        var size = pageSize switch
        {
            < 0 => throw Invalid("INVALID_PAGE_SIZE", "A page size is not negative.", "Leave it out, or ask for 1 to 1000 rows."),
            0 => DefaultPage,
            _ => Math.Min(pageSize, LargestPage),
        };
        var (lastApplication, lastInstance) = ReadToken(pageToken);
        await using var command = database.DataSource.CreateCommand(
            $"""
            select {InstanceColumns} from coordinator.instance
            where ($1 = '' or application = $1) and (state = 0 or $2) and (application, instance) > ($3, $4)
            order by application, instance
            limit $5
            """);
        command.Parameters.Add(new() { Value = application });
        command.Parameters.Add(new() { Value = includeGone });
        command.Parameters.Add(new() { Value = lastApplication });
        command.Parameters.Add(new() { Value = lastInstance });
        command.Parameters.Add(new() { Value = size + 1 });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<InstanceRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(ReadInstance(reader));
        }

        return rows.Count <= size
            ? new Page<InstanceRow>(rows, "")
            : new Page<InstanceRow>(rows[..size], WriteToken(rows[size - 1]));
    }

    public static ExpectedPopulation? ReadPopulation(NpgsqlDataReader reader, int ordinal) => reader.IsDBNull(ordinal)
        ? null
        : new ExpectedPopulation(
            (PopulationKind)reader.GetInt16(ordinal),
            reader.IsDBNull(ordinal + 1) ? null : reader.GetInt32(ordinal + 1));

    private static ApplicationRow ReadApplication(NpgsqlDataReader reader) => new(
        reader.GetString(0),
        reader.GetInt64(1),
        reader.IsDBNull(2) ? null : reader.GetInt64(2),
        ReadPopulation(reader, 3));

    private static InstanceRow ReadInstance(NpgsqlDataReader reader) => new()
    {
        Application = reader.GetString(0),
        Instance = reader.GetString(1),
        Version = reader.GetInt64(2),
        AppVersion = reader.GetString(3),
        Presence = (InstancePresence)reader.GetInt32(4),
        RegisteredAt = reader.GetFieldValue<DateTimeOffset>(5),
        LastSeenAt = reader.GetFieldValue<DateTimeOffset>(6),
        ExpiresAt = reader.GetFieldValue<DateTimeOffset>(7),
        EndedAt = reader.IsDBNull(8) ? null : reader.GetFieldValue<DateTimeOffset>(8),
    };

    // The last row of the page; neither name can hold a '/'.
    private static string WriteToken(InstanceRow last) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{last.Application}/{last.Instance}"));

    private static (string Application, string Instance) ReadToken(string token)
    {
        if (token.Length == 0)
        {
            return ("", "");
        }

        var buffer = new byte[token.Length];
        if (token.Length <= 1024 && Base64Url.IsValid(token) && Base64Url.TryDecodeFromChars(token, buffer, out var written))
        {
            var parts = Encoding.UTF8.GetString(buffer.AsSpan(0, written)).Split('/');
            if (parts.Length == 2 && ApplicationName.TryParse(parts[0], out _, out _) && InstanceId.TryParse(parts[1], out _, out _))
            {
                return (parts[0], parts[1]);
            }
        }

        throw Invalid("INVALID_PAGE_TOKEN", "The page token is not one of ours.", "Send the token of the last response unchanged, or none.");
    }

    private static EngineException Invalid(string code, string message, string remedy) =>
        new(new Rejection(code, message, remedy, null, RejectionKind.InvalidArgument));
}
