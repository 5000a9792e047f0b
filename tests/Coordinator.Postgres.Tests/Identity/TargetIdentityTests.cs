using Coordinator.Postgres.Identity;
using Coordinator.Testing;

namespace Coordinator.Postgres.Tests.Identity;

public sealed class TargetIdentityTests
{
    [Fact]
    public async Task A_primary_names_its_cluster_and_timeline()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var roles = await TargetRoles.CreateAsync(database);

        var identity = await TargetIdentity.ReadAsync(roles.CoordinatorSource, CancellationToken.None);

        Assert.Equal(
            await database.ScalarAsync<long>("select system_identifier from pg_control_system()"), identity.SystemIdentifier);
        Assert.Equal("00000001", identity.Timeline);
        Assert.False(identity.InRecovery);
    }
}
