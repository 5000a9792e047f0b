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

    /// <summary>Opens nothing yet; the first use of the pool connects.</summary>
    /// <param name="connectionString">As Npgsql reads it; options that it sets itself are kept, and come last.</param>
    public CoordinationDatabase(string connectionString)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        var builder = new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = "coordinator" };
        builder.Options = string.IsNullOrEmpty(builder.Options) ? SessionSettings : $"{SessionSettings} {builder.Options}";
        builder.MaxAutoPrepare = Math.Max(builder.MaxAutoPrepare, PreparedStatements);
        ConnectionString = builder.ConnectionString;
        DataSource = NpgsqlDataSource.Create(ConnectionString);
    }

    /// <summary>The connection string with our session settings in it. It may hold a password: never log it.</summary>
    public string ConnectionString { get; }

    /// <summary>The pool.</summary>
    public NpgsqlDataSource DataSource { get; }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => DataSource.DisposeAsync();
}
