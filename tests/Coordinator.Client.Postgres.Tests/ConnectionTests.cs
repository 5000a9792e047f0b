using System.Diagnostics.CodeAnalysis;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Client.Postgres.Tests;

[SuppressMessage("Performance", "CA1849", Justification = "The synchronous way has a check of its own, and is tested for it.")]
public sealed class ConnectionTests : IAsyncLifetime
{
    private InstalledTarget? _target;

    private InstalledTarget Target => _target ?? throw new InvalidOperationException("Not initialised.");

    public async Task InitializeAsync() => _target = await InstalledTarget.CreateAsync();

    public async Task DisposeAsync() => await Target.DisposeAsync();

    [Theory]
    [InlineData(0, null, null)]
    [InlineData(41, null, null)]
    [InlineData(42, null, null)]
    [InlineData(43, null, "VERSION_RETIRED")]
    [InlineData(0, 42, null)]
    [InlineData(0, 41, "VERSION_NOT_READY")]
    public async Task The_databases_own_interval_decides(int min, int? max, string? reason)
    {
        await AdmitAsync(min, max);
        await using var source = Source(new FakeInstance(42));
        if (reason is null)
        {
            await using var async = await source.OpenConnectionAsync();
            await using var sync = source.OpenConnection();
            Assert.Equal(1, await new NpgsqlCommand("select 1", async).ExecuteScalarAsync());
            return;
        }

        var refused = await Assert.ThrowsAsync<ConnectionRefusedException>(async () => await source.OpenConnectionAsync());
        Assert.Equal(reason, refused.Reason);
        Assert.Equal(reason, Assert.Throws<ConnectionRefusedException>(() => source.OpenConnection()).Reason);
    }

    [Fact]
    public async Task A_version_that_is_retired_meanwhile_gets_no_new_connection()
    {
        await AdmitAsync(0, null);
        await using var source = Source(new FakeInstance(42));
        await using var held = await source.OpenConnectionAsync();
        await AdmitAsync(43, null);
        await Assert.ThrowsAsync<ConnectionRefusedException>(async () => await source.OpenConnectionAsync());
    }

    [Fact]
    public async Task A_database_that_no_coordinator_prepared_and_an_application_that_none_knows_are_admitted()
    {
        await using (var unknown = Source(new FakeInstance(42)))
        {
            await using var connection = await unknown.OpenConnectionAsync();
        }

        await using var database = await TestDatabase.CreateAsync();
        await using var bare = new NpgsqlDataSourceBuilder(database.ConnectionString).UseCoordinator(new FakeInstance(42)).Build();
        await using var open = await bare.OpenConnectionAsync();
        await using var again = bare.OpenConnection();
    }

    [Fact]
    public async Task Past_its_own_lease_an_instance_gets_no_connection_from_the_pool_either()
    {
        var instance = new FakeInstance(42);
        await using var source = new FencedDataSource(Source(instance), instance);
        await using (await source.OpenConnectionAsync())
        {
        }

        instance.MayWrite = false;
        var refused = await Assert.ThrowsAsync<ConnectionRefusedException>(async () => await source.OpenConnectionAsync());
        Assert.Equal(ConnectionRefusedException.LeaseLost, refused.Reason);
        Assert.False(refused.IsTransient);
        Assert.Throws<ConnectionRefusedException>(() => source.OpenConnection());
        Assert.Throws<ConnectionRefusedException>(() => source.CreateConnection());
        instance.MayWrite = true;
        await using var back = await source.OpenConnectionAsync();
    }

    [Fact]
    public async Task Without_a_lease_no_new_physical_connection_is_made()
    {
        var instance = new FakeInstance(42) { MayWrite = false };
        await using var source = Source(instance);
        await Assert.ThrowsAsync<ConnectionRefusedException>(async () => await source.OpenConnectionAsync());
    }

    [Fact]
    public async Task Connections_are_labelled_for_the_witness()
    {
        await using var source = Source(new FakeInstance(42));
        await using var command = source.CreateCommand("select current_setting('application_name')");
        Assert.Equal("shop-api@42", await command.ExecuteScalarAsync());
    }

    private NpgsqlDataSource Source(FakeInstance instance) =>
        new NpgsqlDataSourceBuilder(Target.Roles.ApplicationConnectionString).UseCoordinator(instance).Build();

    private async Task AdmitAsync(int min, int? max) => await Target.ExecuteAsCoordinatorAsync(
        $"""
        insert into coordinator.admission (application, min_version, max_version) values ('shop-api', {min}, {max?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "null"})
        on conflict (application) do update set min_version = excluded.min_version, max_version = excluded.max_version
        """);
}
