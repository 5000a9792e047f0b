using Npgsql;

namespace Coordinator.Engine;

/// <summary>
/// The database that holds Coordinator's own state: one pool of connections for everything but LISTEN and session
/// locks, which need connections of their own and take them from <see cref="ConnectionString"/>.
/// </summary>
public sealed class CoordinationDatabase : IAsyncDisposable
{
    // A replica that is stopped inside a transaction must not hold its locks for long. And what we acknowledge is on
    // disk, also where a role's or database's default trades that away. Our statements read few rows: compiling them
    // costs more than it saves.
    private const string SessionSettings = "-c idle_in_transaction_session_timeout=10s -c synchronous_commit=on -c jit=off";

    // A few dozen statements, sent over and over; planning the grant takes as long as running it.
    private const int PreparedStatements = 100;

    private const string ByIndex = " -c enable_hashjoin=off -c enable_mergejoin=off -c enable_seqscan=off -c enable_material=off";

    // One for every application whose instances are starting right now.
    private const int BulkConnections = 20;

    private const int RenewalConnections = 4;

    // A registration waits for a retirement; a thousand renewals don't wait for a row that somebody has locked.
    private const string Impatient = " -c lock_timeout=100ms";

    /// <summary>Opens nothing yet; the first use of the pool connects.</summary>
    /// <param name="connectionString">As Npgsql reads it; options that it sets itself are kept, and come last.</param>
    public CoordinationDatabase(string connectionString)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        var builder = new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = "coordinator" };
        builder.Options = string.IsNullOrEmpty(builder.Options) ? SessionSettings : $"{SessionSettings} {builder.Options}";
        builder.MaxAutoPrepare = Math.Max(builder.MaxAutoPrepare, PreparedStatements);
        // Nothing of ours outlives its transaction in a session of the pool, so there is nothing to reset for the next user of it; but
        // a LISTEN, which its owner keeps until the service ends, and whose notifications would be nobody's else.
        builder.NoResetOnClose = true;
        ConnectionString = builder.ConnectionString;
        DataSource = NpgsqlDataSource.Create(ConnectionString);
        builder.Options += ByIndex;
        builder.MaxPoolSize = Math.Min(builder.MaxPoolSize, BulkConnections);
        builder.MinPoolSize = 0;
        BulkSource = NpgsqlDataSource.Create(builder.ConnectionString);
        builder.Options += Impatient;
        builder.MaxPoolSize = Math.Min(builder.MaxPoolSize, RenewalConnections);
        RenewalSource = NpgsqlDataSource.Create(builder.ConnectionString);
    }

    /// <summary>The connection string with our session settings in it. It may hold a password: never log it.</summary>
    public string ConnectionString { get; }

    /// <summary>The pool.</summary>
    public NpgsqlDataSource DataSource { get; }

    /// <summary>
    /// A small pool for statements over one row or a thousand of a table that grows from nothing within seconds. They look each row
    /// up by the table's key: without statistics, or with a plan from when the table was empty, PostgreSQL would read all of it for
    /// each statement (measured at 20,000 instances: twelve times the processor time).
    /// </summary>
    public NpgsqlDataSource BulkSource { get; }

    /// <summary>The same for renewals, with a <c>lock_timeout</c> of 100 ms.</summary>
    public NpgsqlDataSource RenewalSource { get; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await RenewalSource.DisposeAsync();
        await BulkSource.DisposeAsync();
        await DataSource.DisposeAsync();
    }
}
