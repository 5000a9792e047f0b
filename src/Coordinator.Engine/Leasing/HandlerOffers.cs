using System.Collections.Concurrent;

namespace Coordinator.Engine.Leasing;

/// <summary>
/// Which handlers workers have asked for work with, lately: tells a backfill that waits its turn from one that nobody
/// can run. Decides nothing. Written every few seconds per handler, not with every request.
/// </summary>
public sealed class HandlerOffers(CoordinationDatabase database, TimeProvider time)
{
    // Workers ask every second or so when there is nothing to do, and are silent while a long batch runs.
    private static readonly TimeSpan Lately = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan WriteInterval = TimeSpan.FromSeconds(5);

    // What was written lately by this replica. Cleared when it has grown beyond what any fleet has handlers.
    private const int MostRemembered = 10_000;

    private readonly ConcurrentDictionary<Offer, long> _written = [];

    internal async Task RecordAsync(AcquireRequest request, CancellationToken cancellationToken)
    {
        var due = request.Targets.Distinct(StringComparer.Ordinal)
            .SelectMany(target => request.Handlers.Distinct(StringComparer.Ordinal)
                .Select(handler => new Offer(target, handler, request.Migration)))
            .Where(IsDue)
            .ToList();
        if (due.Count == 0)
        {
            return;
        }

        await using var command = database.DataSource.CreateCommand(
            """
            insert into coordinator.handler_offer as o (target, handler, migration)
            select target, handler, $3 from unnest($1, $2) as n(target, handler)
            order by 1, 2
            on conflict (target, handler, migration) do update set asked_at = clock_timestamp()
            """);
        command.Parameters.Add(new() { Value = due.Select(offer => offer.Target).ToArray() });
        command.Parameters.Add(new() { Value = due.Select(offer => offer.Handler).ToArray() });
        command.Parameters.Add(new() { Value = request.Migration });
        await command.ExecuteNonQueryAsync(cancellationToken);
        if (_written.Count > MostRemembered)
        {
            _written.Clear();
        }

        foreach (var offer in due)
        {
            _written[offer] = time.GetTimestamp();
        }
    }

    /// <summary>Whether a worker that may run the migration's batches has asked with this handler within the last minute.</summary>
    public async Task<bool> AnyAsync(string target, string handler, string migration, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(
            """
            select exists (select from coordinator.handler_offer
             where target = $1 and handler = $2 and migration in ('', $3) and asked_at > clock_timestamp() - $4)
            """);
        command.Parameters.Add(new() { Value = target });
        command.Parameters.Add(new() { Value = handler });
        command.Parameters.Add(new() { Value = migration });
        command.Parameters.Add(new() { Value = Lately });
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Removes what is too old to mean anything.</summary>
    internal async Task PruneAsync(CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(
            "delete from coordinator.handler_offer where asked_at < clock_timestamp() - interval '1 day'");
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private bool IsDue(Offer offer) =>
        !_written.TryGetValue(offer, out var written) || time.GetElapsedTime(written) > WriteInterval;

    private readonly record struct Offer(string Target, string Handler, string Migration);
}
