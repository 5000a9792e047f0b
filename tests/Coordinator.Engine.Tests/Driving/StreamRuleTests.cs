using Coordinator.Engine.Applications;
using Coordinator.Engine.Migrations;
using Coordinator.EventStore;
using Coordinator.EventStore.Projections;

namespace Coordinator.Engine.Tests.Driving;

/// <summary>What the service wrote, read raw: a foreign reader of Marten's tables must find every rule kept.</summary>
public class StreamRuleTests(FinishedShop finished) : IClassFixture<FinishedShop>
{
    [Theory]
    [InlineData("stream versions are the number of events", "select count(*) from coordinator_events.mt_streams s where version is distinct from (select count(*) from coordinator_events.mt_events e where e.stream_id = s.id)")]
    [InlineData("versions are contiguous from 1", "select count(*) from (select version, row_number() over (partition by stream_id order by version) n from coordinator_events.mt_events) e where version <> n")]
    [InlineData("a stream's sequence follows its versions", "select count(*) from (select seq_id, lag(seq_id) over (partition by stream_id order by version) before from coordinator_events.mt_events) e where before >= seq_id")]
    [InlineData("no sequence number is above the sequence", "select count(*) from coordinator_events.mt_events where seq_id > (select last_value from coordinator_events.mt_events_sequence)")]
    [InlineData("the tenant is the default one", "select count(*) from coordinator_events.mt_events where tenant_id is distinct from '*DEFAULT*'")]
    [InlineData("nothing is archived", "select count(*) from coordinator_events.mt_events where is_archived is distinct from false")]
    [InlineData("every event has a time, a type and a body", "select count(*) from coordinator_events.mt_events where timestamp is null or type is null or data is null or timestamp < now() - interval '1 hour'")]
    [InlineData("types are aliases in snake case", "select count(*) from coordinator_events.mt_events where type !~ '^[a-z0-9_]+$'")]
    [InlineData("CLR types are full name and assembly without version", "select count(*) from coordinator_events.mt_events where mt_dotnet_type !~ '^Coordinator\\.Domain\\.[A-Za-z.+]+, Coordinator\\.Domain$'")]
    [InlineData("keys are PascalCase", "select count(*) from coordinator_events.mt_events e, jsonb_object_keys(e.data) k where k !~ '^[A-Z]'")]
    [InlineData("every event says who", "select count(*) from coordinator_events.mt_events where user_name is null")]
    [InlineData("our tables' only columns in Marten's are Marten's", "select count(*) from information_schema.columns where table_schema = 'coordinator_events' and table_name = 'mt_streams' and column_name not in ('id','type','version','timestamp','created','tenant_id','is_archived')")]
    public async Task Rules(string rule, string violations)
    {
        Assert.True(await finished.Shop.Coordination.ScalarAsync<long>(violations) == 0, rule);
    }

    [Fact]
    public async Task Projections_that_are_rebuilt_from_zero_equal_the_live_ones()
    {
        var shop = finished.Shop;
        const string Rows =
            """
            select coalesce(string_agg(row, e'\n' order by row), '') from (
                select 'm' || m::text as row from coordinator.migration m
                union all select 'a' || a::text from coordinator.application a
                union all select 'l' || l::text from coordinator.application_limit l) rows
            """;
        var live = await shop.Coordination.ScalarAsync<string>(Rows);
        var store = shop.Replica.Get<IEventStore>();
        foreach (var projection in (IInlineProjection[])[new ApplicationProjection(), new MigrationProjection()])
        {
            await store.RebuildAsync(projection, CancellationToken.None);
        }

        Assert.NotEqual("", live);
        Assert.Equal(live, await shop.Coordination.ScalarAsync<string>(Rows));
    }
}
