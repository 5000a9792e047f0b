using Npgsql;

namespace Coordinator.Server.Tests.Chaos;

/// <summary>
/// The application, old and new version at once, while the backfills run: it updates either side of the renamed column or an
/// unrelated one, inserts, deletes, and writes several rows in one transaction. Each of its sessions has rows of its own, so
/// what every row has to hold in the end is known.
/// </summary>
internal sealed class ShopTraffic : IAsyncDisposable
{
    private const int Sessions = 2;
    private const int NewIds = 1_000_000;

    private readonly ChaosTarget _target;
    private readonly Dictionary<int, string?>[] _models;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;

    public ShopTraffic(ChaosTarget target, Random random)
    {
        _target = target;
        _models = [.. Enumerable.Range(0, Sessions).Select(session => Enumerable.Range(1, ChaosTarget.Items)
            .Where(id => id % Sessions == session).ToDictionary(id => id, id => (string?)$"comment {id}"))];
        _work = Task.WhenAll(_models.Select((model, session) => WriteAsync(model, session, new Random(random.Next()))));
    }

    /// <summary>Lets what is under way end.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
    }

    /// <summary>Rows that do not hold what the application wrote last; after the end.</summary>
    public async Task<IReadOnlyList<string>> LostWritesAsync()
    {
        var expected = _models.SelectMany(model => model).ToDictionary(entry => entry.Key, entry => entry.Value);
        var lost = new List<string>();
        await using var command = _target.Database.DataSource.CreateCommand("select id, comment from item");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            var (id, comment) = (reader.GetInt32(0), await reader.IsDBNullAsync(1) ? null : reader.GetString(1));
            if (!expected.Remove(id, out var written))
            {
                lost.Add($"LOST_WRITE: row {id} is back after it was deleted");
            }
            else if (written != comment)
            {
                lost.Add($"LOST_WRITE: row {id} holds '{comment}' and not '{written}'");
            }
        }

        return [.. lost, .. expected.Keys.Select(id => $"LOST_WRITE: row {id} is gone")];
    }

    private async Task WriteAsync(Dictionary<int, string?> model, int session, Random random)
    {
        // Its pace; a timer, because an application has one too.
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(4));
        await using var connection = await _target.Roles.ApplicationSource.OpenConnectionAsync();
        for (var count = 1; !_stop.IsCancellationRequested; count++)
        {
            await pace.WaitForNextTickAsync();
            var writes = Enumerable.Range(0, random.Next(10) == 0 ? 4 : 1)
                .Select(part => Next(model, random, (NewIds * (session + 1)) + (count * 4) + part, $"{session}/{count}/{part}"))
                .DistinctBy(write => write.Id).ToList();
            await CommitAsync(connection, writes);
            foreach (var write in writes)
            {
                write.Remember(model);
            }
        }
    }

    private static Write Next(Dictionary<int, string?> model, Random random, int newId, string text)
    {
        var id = model.Keys.ElementAt(random.Next(model.Count));
        var value = random.Next(20) == 0 ? null : text;
        return random.Next(100) switch
        {
            < 25 => new Write(id, "update item set comment = $2 where id = $1", value, known => known[id] = value),
            < 50 => new Write(id, "update item set message = $2 where id = $1", text, known => known[id] = text),
            < 78 => new Write(id, "update item set touched = touched + length(coalesce($2, '')) where id = $1", text, _ => { }),
            < 86 => new Write(newId, "insert into item (id, comment) values ($1, $2)", value, known => known[newId] = value),
            < 94 => new Write(newId, "insert into item (id, message) values ($1, $2)", value, known => known[newId] = value),
            _ => new Write(id, "delete from item where id = $1 and $2::text is not null", text, known => known.Remove(id)),
        };
    }

    /// <summary>As an application does it: what a deadlock has cost is done again.</summary>
    private static async Task CommitAsync(NpgsqlConnection connection, List<Write> writes)
    {
        while (true)
        {
            try
            {
                await using var batch = connection.CreateBatch();
                foreach (var write in writes)
                {
                    batch.BatchCommands.Add(write.ToCommand());
                }

                // Without a BEGIN of its own a batch is one transaction.
                await batch.ExecuteNonQueryAsync();
                return;
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.DeadlockDetected)
            {
                // The batch went on; now we do.
            }
        }
    }

    private sealed record Write(int Id, string Sql, string? Value, Action<Dictionary<int, string?>> Remember)
    {
        public NpgsqlBatchCommand ToCommand() => new(Sql)
        {
            Parameters =
            {
                new() { Value = Id },
                new() { Value = Value ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text },
            },
        };
    }
}
