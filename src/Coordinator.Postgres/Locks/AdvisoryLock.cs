using Npgsql;

namespace Coordinator.Postgres.Locks;

/// <summary>
/// A session's exclusive advisory lock, held on a connection of its own: tried, never waited for. The connection is
/// outside any transaction, so it holds no snapshot. <see cref="Lost"/> fires when the connection ends, which is when
/// the server gives the lock to the next; it is a hint in time, not a fence, so what the holder writes is fenced too.
/// Needs a direct connection: behind a transaction pooler two clients can "hold" one session lock.
/// </summary>
public sealed class AdvisoryLock : IAsyncDisposable
{
    private static readonly TimeSpan KeepAliveInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan KeepAliveDeadline = TimeSpan.FromSeconds(5);

    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlDataSource? _ownSource;
    private readonly AdvisoryLockKey _key;
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watch;
    private bool _disposed;

    private AdvisoryLock(NpgsqlConnection connection, NpgsqlDataSource? ownSource, AdvisoryLockKey key)
    {
        _connection = connection;
        _ownSource = ownSource;
        _key = key;
        Lost = _lost.Token;
        _watch = WatchAsync();
    }

    /// <summary>Cancelled when the lock may be gone: its connection ended or does not answer any more.</summary>
    public CancellationToken Lost { get; }

    /// <summary>Takes the lock on a new, unpooled connection; null when somebody else has it.</summary>
    public static async Task<AdvisoryLock?> TryAcquireAsync(
        string connectionString, AdvisoryLockKey key, CancellationToken cancellationToken)
    {
        var unpooled = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;
        var source = NpgsqlDataSource.Create(unpooled);
        try
        {
            if (await TryAcquireAsync(source, source, key, cancellationToken) is { } held)
            {
                return held;
            }
        }
        catch
        {
            await source.DisposeAsync();
            throw;
        }

        await source.DisposeAsync();
        return null;
    }

    /// <summary>Takes the lock on a connection of the source, kept until disposal; null when somebody else has it.</summary>
    public static Task<AdvisoryLock?> TryAcquireAsync(
        NpgsqlDataSource source, AdvisoryLockKey key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        return TryAcquireAsync(source, null, key, cancellationToken);
    }

    /// <summary>Gives the lock back, unless it is lost already.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        await _stop.CancelAsync();
        await _watch;
        await ReleaseAsync();
        await _connection.DisposeAsync();
        if (_ownSource is not null)
        {
            await _ownSource.DisposeAsync();
        }

        _stop.Dispose();
        _lost.Dispose();
    }

    private static async Task<AdvisoryLock?> TryAcquireAsync(
        NpgsqlDataSource source, NpgsqlDataSource? ownSource, AdvisoryLockKey key, CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken);
        try
        {
            if (await connection.ScalarAsync<bool>("select pg_try_advisory_lock($1)", [key.Value], cancellationToken))
            {
                return new AdvisoryLock(connection, ownSource, key);
            }
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        await connection.DisposeAsync();
        return null;
    }

    /// <summary>Listens to the socket, so that a closed connection is seen at once, and asks now and then, for one that went silent.</summary>
    private async Task WatchAsync()
    {
        try
        {
            while (true)
            {
                if (!await _connection.WaitAsync(KeepAliveInterval, _stop.Token))
                {
                    await KeepAliveAsync();
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed.
        }
        catch (Exception)
        {
            // Whatever ended the watch: nobody looks after the lock any more, so the holder must not rely on it.
            await _lost.CancelAsync();
        }
    }

    private async Task KeepAliveAsync()
    {
        await using var command = _connection.CreateCommand();
        command.CommandText = "select 1";
        command.CommandTimeout = (int)KeepAliveDeadline.TotalSeconds;
        await command.ExecuteNonQueryAsync(_stop.Token);
    }

    private async Task ReleaseAsync()
    {
        try
        {
            if (_connection.State == System.Data.ConnectionState.Open)
            {
                await _connection.ExecuteAsync("select pg_advisory_unlock($1)", [_key.Value], CancellationToken.None);
            }
        }
        catch (NpgsqlException)
        {
            // The connection is broken and will not go back to the pool: the server releases the lock with the session.
        }
    }
}
