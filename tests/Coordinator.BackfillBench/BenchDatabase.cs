using Npgsql;

namespace Coordinator.BackfillBench;

/// <summary>One segment's own copy of the table; dropped at the end.</summary>
internal sealed class BenchDatabase(BenchCluster cluster, string name, int rows) : IAsyncDisposable
{
    private readonly NpgsqlDataSource _worker = NpgsqlDataSource.Create(cluster.ConnectionString(name, "bench_worker"));

    public BenchCluster Cluster => cluster;

    public string Name => name;

    public int Rows => rows;

    /// <summary>Connections of the role that writes rows.</summary>
    public NpgsqlDataSource Worker => _worker;

    public Task ExecuteAsync(params string[] statements) => cluster.ExecuteAsync(name, statements);

    public Task<T> ScalarAsync<T>(string sql) => cluster.ScalarAsync<T>(name, sql);

    public async ValueTask DisposeAsync()
    {
        await _worker.DisposeAsync();
        await cluster.ExecuteAsync("postgres", $"drop database if exists {name} with (force)");
    }
}
