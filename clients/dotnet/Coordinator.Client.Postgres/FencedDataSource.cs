using System.Data.Common;
using Coordinator.Client.Instances;
using Npgsql;

namespace Coordinator.Client.Postgres;

/// <summary>
/// A data source that gives out no connection past the instance's own lease, pooled ones included: a process that was paused or cut
/// off finds out before its next statement. It narrows the gap and does not close it, because a pause may fall between this check and
/// the statement; in strict mode the database's own fence does. The lease counts on this machine's monotonic clock.
/// </summary>
public sealed class FencedDataSource : DbDataSource
{
    private readonly NpgsqlDataSource _inner;
    private readonly ICoordinatorInstance _instance;

    /// <summary>Wraps a data source, which is disposed with this one.</summary>
    public FencedDataSource(NpgsqlDataSource inner, ICoordinatorInstance instance)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(instance);
        _inner = inner;
        _instance = instance;
    }

    /// <inheritdoc/>
    public override string ConnectionString => _inner.ConnectionString;

    /// <summary>Opens a connection.</summary>
    /// <exception cref="ConnectionRefusedException">There is no running lease, or the database refuses the version.</exception>
    public new NpgsqlConnection OpenConnection()
    {
        RequireLease(_instance);
        return _inner.OpenConnection();
    }

    /// <summary>Opens a connection.</summary>
    /// <exception cref="ConnectionRefusedException">There is no running lease, or the database refuses the version.</exception>
    public new ValueTask<NpgsqlConnection> OpenConnectionAsync(CancellationToken cancellationToken = default)
    {
        RequireLease(_instance);
        return _inner.OpenConnectionAsync(cancellationToken);
    }

    internal static void RequireLease(ICoordinatorInstance instance)
    {
        if (instance.MayWrite)
        {
            return;
        }

        var status = instance.Status;
        throw new ConnectionRefusedException(
            ConnectionRefusedException.LeaseLost,
            $"{instance.Application}/{instance.Instance} has no running lease, so it may not use the database: "
                + (status.Message.Length > 0 ? status.Message : $"it is {status.State}. It goes on by itself when a heartbeat is acknowledged."));
    }

    /// <summary>An unopened connection; where it is opened later, only what the data source was built with looks again.</summary>
    protected override DbConnection CreateDbConnection()
    {
        RequireLease(_instance);
        return _inner.CreateConnection();
    }

    /// <inheritdoc/>
    protected override DbConnection OpenDbConnection() => OpenConnection();

    /// <inheritdoc/>
    protected override async ValueTask<DbConnection> OpenDbConnectionAsync(CancellationToken cancellationToken = default) =>
        await OpenConnectionAsync(cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <inheritdoc/>
    protected override async ValueTask DisposeAsyncCore()
    {
        await _inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsyncCore().ConfigureAwait(false);
    }
}
