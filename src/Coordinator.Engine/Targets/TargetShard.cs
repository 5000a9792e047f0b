using Npgsql;

namespace Coordinator.Engine.Targets;

/// <summary>One database of a target, with a pool of Coordinator's own connections to it.</summary>
public sealed class TargetShard : IAsyncDisposable
{
    /// <summary>How Coordinator's sessions call themselves, so that the witness tells them from an application's.</summary>
    public const string ApplicationName = "coordinator";

    // A stopped replica must not hold a target's locks or snapshots for longer than the timeout. And the estimates of our
    // catalogue queries are far above what they read: compiling one took 130 ms, running it 1 ms.
    private const string SessionSettings = "-c idle_in_transaction_session_timeout=10s -c jit=off";

    internal TargetShard(string target, string name, string connectionString)
    {
        Target = target;
        Name = name;
        var builder = new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = ApplicationName,
            MaxPoolSize = 20,
        };
        builder.Options = string.IsNullOrEmpty(builder.Options) ? SessionSettings : $"{SessionSettings} {builder.Options}";
        ConnectionString = builder.ConnectionString;
        DataSource = NpgsqlDataSource.Create(ConnectionString);
    }

    /// <summary>The target's name.</summary>
    public string Target { get; }

    /// <summary>The shard's name, unique in its target.</summary>
    public string Name { get; }

    /// <summary>The pool.</summary>
    public NpgsqlDataSource DataSource { get; }

    /// <summary>For connections outside the pool. It may hold a password: never log it.</summary>
    internal string ConnectionString { get; }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => DataSource.DisposeAsync();
}
