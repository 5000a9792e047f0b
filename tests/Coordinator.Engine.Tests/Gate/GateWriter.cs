using Npgsql;

namespace Coordinator.Engine.Tests.Gate;

/// <summary>
/// Writes as an old version does, and judges what comes of it. One that may run never meets the contract: not a missing column, and
/// not a closed role, unless its lease lapsed in strict mode; then a closed role is what it has to meet.
/// </summary>
internal sealed class GateWriter(GateLane lane, string application, bool strict, Func<Task<bool>> liftedAsync, Action<string> violate)
{
    /// <summary>One write, in a session of its own or in the one that it keeps; ends a transaction that is open there.</summary>
    public async Task WriteAsync(GateInstance instance, Random random)
    {
        var statement = random.Next(3) == 0
            ? $"update item set n = n + 1 where id = {instance.Row % GateLane.Rows}"
            : $"update item set legacy = 'after', n = n + 1 where id = {instance.Row % GateLane.Rows}";
        if (await TryAsync(instance, statement + (instance.Session is null ? "" : "; commit")) && !instance.KeepsSession)
        {
            await CloseAsync(instance);
        }
    }

    /// <summary>Begins a transaction and leaves it open behind a write.</summary>
    public Task BeginAsync(GateInstance instance) =>
        TryAsync(instance, $"begin; update item set legacy = 'half done' where id = {instance.Row % GateLane.Rows}");

    public static async Task CloseAsync(GateInstance instance)
    {
        if (instance.Session is { } session)
        {
            instance.Session = null;
            await session.DisposeAsync();
        }
    }

    private async Task<bool> TryAsync(GateInstance instance, string sql)
    {
        var refused = await RefusalAsync(instance, sql);
        if (strict && !instance.HasLapsed && refused is not null && IsFence(refused) && await liftedAsync())
        {
            refused = await RefusalAsync(instance, sql);
        }

        if (refused is not null && !(strict && instance.HasLapsed && IsFence(refused)))
        {
            violate($"USED: {instance}, {(instance.HasLapsed ? "lapsed" : "live")}, could not write: {refused.Message}");
        }

        return refused is null;
    }

    private async Task<NpgsqlException?> RefusalAsync(GateInstance instance, string sql)
    {
        try
        {
            instance.Session ??= await lane.ConnectAsync(application, strict);
#pragma warning disable CA2100 // The texts above.
            await using var command = new NpgsqlCommand(sql, instance.Session);
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync();
            return null;
        }
        catch (NpgsqlException refused)
        {
            await CloseAsync(instance);
            return refused;
        }
    }

    // A session that was ended, rights that are gone, no login: never the missing column.
    private static bool IsFence(NpgsqlException refused) => refused is not PostgresException postgres
        || postgres.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.InsufficientPrivilege
            or PostgresErrorCodes.InvalidAuthorizationSpecification;
}
