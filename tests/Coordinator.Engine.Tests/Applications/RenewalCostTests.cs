using Coordinator.Engine.Applications;
using Coordinator.Testing;

namespace Coordinator.Engine.Tests.Applications;

/// <summary>What a heartbeat reads does not grow with the fleet, not even while PostgreSQL's plans are from when the table was empty.</summary>
public sealed class RenewalCostTests(CoordinationFixture fixture) : IClassFixture<CoordinationFixture>
{
    private const int Instances = 2_000;

    private readonly InstanceRegistry _registry = new(fixture.Coordination, fixture.Store, fixture.Options);

    [Fact]
    public async Task A_heartbeat_in_a_fleet_that_grew_from_nothing_reads_its_own_row()
    {
        // Nobody else analyses the table meanwhile, or rewrites its rows.
        await fixture.Database.ExecuteAsync("alter table coordinator.instance set (autovacuum_enabled = off)");
        // So often, and so many at a time, that a plan for any values has taken the place of one for each, while there is hardly anybody.
        for (var beat = 0; beat < 20; beat++)
        {
            await Task.WhenAll(Enumerable.Range(0, 40).Select(BeatAsync));
        }

        await Task.WhenAll(Enumerable.Range(0, Instances).Select(BeatAsync));
        await fixture.Database.ExecuteAsync("select pg_stat_reset()");

        // Counts of a session show within a second of its next transaction.
        await Eventually.TrueAsync(
            async () =>
            {
                await BeatAsync(1);
                return await CountAsync("idx_scan") > 0;
            },
            () => "the renewals are counted");

        var (scans, rows) = (await CountAsync("idx_scan"), await CountAsync("idx_tup_read"));
        Assert.True(rows <= 10 * scans, $"{rows} index entries were read in {scans} look-ups");
        Assert.Equal(0, await fixture.Database.ScalarAsync<long>(
            "select seq_scan from pg_stat_user_tables where relid = 'coordinator.instance'::regclass"));
    }

    private Task<InstanceLease> BeatAsync(int number) =>
        _registry.HeartbeatAsync(new InstanceReport("growing", $"i{number}", 1, ""), CancellationToken.None);

    private Task<long> CountAsync(string column) => fixture.Database.ScalarAsync<long>(
        $"select {column} from pg_stat_user_indexes where indexrelid = 'coordinator.instance_pkey'::regclass");
}
