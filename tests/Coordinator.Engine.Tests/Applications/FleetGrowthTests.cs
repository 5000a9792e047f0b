using Coordinator.Domain.Gates;
using Coordinator.Domain.Specs;
using Coordinator.Engine.Applications;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Engine.Tests.Applications;

/// <summary>
/// What a fleet costs grows with the fleet and no faster: counted in statements, rows and bytes, never in time. Time passes for the
/// rows of the table, whose clock is the database's: they are moved into the past.
/// </summary>
public sealed class FleetGrowthTests
{
    private const string Application = "fleet";
    private const int PerStatement = 1000;
    private const int PerRegistration = 500;
    private const int Rounds = 3;

    // A tenth of the fleet falls silent in the end.
    private const int Silent = 10;

    private static readonly Dictionary<string, VersionRule> Versions = new() { [Application] = new VersionRule(2, 2) };

    [Fact]
    public Task Ten_thousand_instances_cost_ten_times_what_a_thousand_do() => GrowsAsync(1_000, 10_000);

    [Fact]
    [Trait("Category", "Long")]
    public Task A_hundred_thousand_instances_cost_ten_times_what_ten_thousand_do() => GrowsAsync(10_000, 100_000);

    private static async Task GrowsAsync(int few, int many)
    {
        var small = await MeasureAsync(few);
        var large = await MeasureAsync(many);
        var limit = 1.3 * many / few;

        Assert.True(large.RowBytes <= limit * small.RowBytes, $"the rows: {small} and {large}");
        Assert.True(large.LookBytes <= limit * small.LookBytes, $"a look of the gate: {small} and {large}");
        Assert.Equal((1, 1), (small.Events, large.Events));
    }

    private static async Task<Costs> MeasureAsync(int count)
    {
        var fixture = new CoordinationFixture();
        // Long enough that no lease ends by itself while the test runs.
        fixture.Options.InstanceLease = TimeSpan.FromHours(3);
        fixture.Options.HeartbeatInterval = TimeSpan.FromHours(1);
        await fixture.InitializeAsync();
        try
        {
            return await MeasureAsync(fixture, count);
        }
        finally
        {
            await fixture.DisposeAsync();
        }
    }

    private static async Task<Costs> MeasureAsync(CoordinationFixture fixture, int count)
    {
        var registry = new InstanceRegistry(fixture.Coordination, fixture.Store, fixture.Options);
        var fleet = Enumerable.Range(1, count).Select(n => new InstanceReport(Application, $"i{n}", 1, "1.0")).ToList();
        await registry.HeartbeatAsync(fleet[0], CancellationToken.None);
        await CountStatementsAsync(fixture.Database);

        await RegisterAsync(fixture, registry, fleet);
        Assert.InRange(await CountedAsync(fixture.Database, "inserts"), 1, (2 * count / PerRegistration) + 5);
        for (var round = 1; round <= Rounds; round++)
        {
            await PassAsync(fixture.Database, fixture.Options.HeartbeatInterval);
            await RenewAsync(fixture, registry, round < Rounds ? fleet : fleet[..^(count / Silent)]);
        }

        await PassAsync(fixture.Database, fixture.Options.InstanceLease - fixture.Options.HeartbeatInterval);
        return await LookAsync(fixture, registry, count);
    }

    /// <summary>All at once: the renewals that find nobody, and the registrations behind them.</summary>
    private static async Task RegisterAsync(CoordinationFixture fixture, InstanceRegistry registry, List<InstanceReport> fleet)
    {
        await using var application = await HeldTransaction.BeginAsync(
            fixture.Database, $"select from coordinator.application where name = '{Application}' for update");
        var beats = await BeatTogetherAsync(fixture, registry, fleet);
        await Eventually.TrueAsync(
            async () => await CountedAsync(fixture.Database, "updates") >= fleet.Count / PerStatement, "every instance was looked for");
        await application.CommitAsync();
        await Task.WhenAll(beats);
    }

    /// <summary>All at once, and no more statements than they fill.</summary>
    private static async Task RenewAsync(CoordinationFixture fixture, InstanceRegistry registry, List<InstanceReport> fleet)
    {
        var before = await CountedAsync(fixture.Database, "updates");
        await Task.WhenAll(await BeatTogetherAsync(fixture, registry, fleet));
        // The first one's begins at once and alone.
        Assert.InRange(await CountedAsync(fixture.Database, "updates") - before, 1, (fleet.Count / PerStatement) + 3);
    }

    /// <summary>No renewal gets a connection before the last instance has asked, so that statements are as full as they can be.</summary>
    private static async Task<IReadOnlyList<Task>> BeatTogetherAsync(
        CoordinationFixture fixture, InstanceRegistry registry, List<InstanceReport> fleet)
    {
        var source = fixture.Coordination.RenewalSource;
        var held = new List<NpgsqlConnection>();
        for (var number = new NpgsqlConnectionStringBuilder(source.ConnectionString).MaxPoolSize; number > 0; number--)
        {
            held.Add(await source.OpenConnectionAsync());
        }

        List<Task> beats = [.. fleet.Select(report => registry.HeartbeatAsync(report, CancellationToken.None))];
        foreach (var connection in held)
        {
            await connection.DisposeAsync();
        }

        return beats;
    }

    private static async Task<Costs> LookAsync(CoordinationFixture fixture, InstanceRegistry registry, int count)
    {
        var facts = await new GateFactsReader(fixture.Coordination).ReadAsync([Application], CancellationToken.None);
        var lapsed = facts.Instances.Where(fact => fact.Condition == InstanceCondition.Suspected).ToList();
        Assert.Equal((count, count / Silent), (facts.Instances.Count, lapsed.Count));

        var before = GC.GetAllocatedBytesForCurrentThread();
        var blockers = Drain.Blockers(Versions, facts.Instances, facts.Populations, rollback: false, lapsed);
        var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        // A hundred of those that live, one for the others, and that nobody said how many are expected.
        Assert.Equal(102, blockers.Count);

        // Whether a version may start is asked of its application's limits: not one instance is read.
        await using (await HeldTransaction.BeginAsync(fixture.Database, "lock table coordinator.instance in access exclusive mode"))
        {
            Assert.Null(await registry.CheckStartAsync(Application, 1, CancellationToken.None).WaitAsync(Eventually.DefaultBound));
        }

        return new Costs(
            bytes,
            // Not the table's size: how many dead rows are left between these depends on who else looked when.
            await fixture.Database.ScalarAsync<long>("select sum(pg_column_size(i)) from coordinator.instance i"),
            (await fixture.Store.Query.FetchStreamAsync($"application-{Application}")).Count);
    }

    private static Task CountStatementsAsync(TestDatabase database) => database.ExecuteAsync(
        """
        alter table coordinator.instance set (autovacuum_enabled = off);
        create sequence inserts;
        create sequence updates;
        create function count_inserts() returns trigger language plpgsql as $$ begin perform nextval('inserts'); return null; end $$;
        create function count_updates() returns trigger language plpgsql as $$ begin perform nextval('updates'); return null; end $$;
        create trigger count_inserts after insert on coordinator.instance execute function count_inserts();
        create trigger count_updates after update on coordinator.instance execute function count_updates();
        """);

    private static Task<long> CountedAsync(TestDatabase database, string sequence) =>
        database.ScalarAsync<long>($"select case when is_called then last_value else 0 end from {sequence}");

    private static Task PassAsync(TestDatabase database, TimeSpan time) => database.ExecuteAsync(
        $"""
        update coordinator.instance set last_seen_at = last_seen_at - interval '{time.TotalSeconds} seconds',
            expires_at = expires_at - interval '{time.TotalSeconds} seconds'
        """);

    private sealed record Costs(long LookBytes, long RowBytes, int Events);
}
