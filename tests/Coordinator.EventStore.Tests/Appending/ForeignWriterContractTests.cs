using Coordinator.EventStore.Appending;
using Npgsql;

namespace Coordinator.EventStore.Tests.Appending;

/// <summary>The rules that a writer beside Marten must keep, read raw from the tables after a mixed day's work.</summary>
public sealed class ForeignWriterContractTests(ForeignWriterContractTests.MixedDay day)
    : IClassFixture<ForeignWriterContractTests.MixedDay>
{
    [Fact]
    public Task Rule_1_a_streams_row_counts_its_events() => HoldsAsync("""
        select count(*) = 3 and bool_and(s.version is not null and s.version = e.last and e.last = e.number)
          from mt_streams s
          join (select stream_id, max(version) as last, count(*) as number from mt_events group by stream_id) e
            on e.stream_id = s.id
        """);

    [Fact]
    public Task Rule_2_versions_are_contiguous_from_one() => HoldsAsync("""
        select bool_and(version = ordinal and is_archived is not null)
          from (select *, row_number() over (partition by stream_id order by version) as ordinal from mt_events) e
        """);

    [Fact]
    public Task Rule_3_numbers_come_from_the_sequence_in_the_streams_order() => HoldsAsync("""
        select bool_and(version = by_number) and max(seq_id) = (select last_value from mt_events_sequence)
           and count(*) = max(seq_id)
          from (select *, row_number() over (partition by stream_id order by seq_id) as by_number from mt_events) e
        """);

    [Fact]
    public Task Rule_4_the_tenant_is_the_default_one() => HoldsAsync("""
        select bool_and(tenant_id = '*DEFAULT*') and (select bool_and(tenant_id = '*DEFAULT*') from mt_streams) from mt_events
        """);

    [Fact]
    public Task Rule_5_flags_times_ids_and_types_are_written() => HoldsAsync("""
        select bool_and(not is_archived) and (select bool_and(not is_archived) from mt_streams)
           and count(distinct id) = count(*) and bool_and(substr(id::text, 15, 1) = '7')
           and bool_and("timestamp" between now() - interval '10 minutes' and now())
           and count(distinct "timestamp") = 3
           and array_agg(distinct type::text order by type::text) = '{item_added,order_paid,order_placed}'
           and bool_and(bdata is null)
          from mt_events
        """);

    [Fact]
    public async Task Rule_6_the_clr_type_is_full_name_and_assembly()
    {
        Assert.Equal(
            "Coordinator.EventStore.Tests.OrderEvent+Placed, Coordinator.EventStore.Tests",
            await ScalarAsync<string>("select distinct mt_dotnet_type from mt_events where type = 'order_placed'"));
        Assert.Equal(
            typeof(OrderEvent.Placed),
            Type.GetType(await ScalarAsync<string>("select mt_dotnet_type from mt_events where seq_id = 1")));
    }

    [Fact]
    public async Task Rule_7_bodies_have_declared_names_numbers_for_enums_and_nulls()
    {
        Assert.Equal(
            """{"Note": null, "Channel": 7, "Customer": "ada"}""",
            await ScalarAsync<string>("select data::text from mt_events where stream_id = 'order-2' and version = 1"));
        Assert.Equal(
            """{"At": "2026-01-02T03:04:05+02:00", "Took": "00:01:30", "Amount": 1.50, "Payment": {"No": "4711", "$type": "card"}}""",
            await ScalarAsync<string>("select data::text from mt_events where type = 'order_paid'"));
    }

    [Fact]
    public async Task A_stream_has_its_aggregates_alias_or_none()
    {
        Assert.Equal("order", await ScalarAsync<string>("select distinct type from mt_streams where id like 'order-%'"));
        await HoldsAsync("select type is null from mt_streams where id = 'loose'");
    }

    [Fact]
    public Task A_streams_time_is_its_last_appends() => HoldsAsync("""
        select bool_and(s."timestamp" = e.last and s.created = e.first) from mt_streams s
          join (select stream_id, max("timestamp") as last, min("timestamp") as first from mt_events group by stream_id) e
            on e.stream_id = s.id
        """);

    private async Task HoldsAsync(string rule) => Assert.True(await ScalarAsync<bool>(rule));

    private async Task<T> ScalarAsync<T>(string sql)
    {
        await using var connection = await day.Fixture.DataSource.OpenConnectionAsync();
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands = { new("set search_path = coordinator_events, pg_catalog"), new(sql) },
        };
        return (T)(await batch.ExecuteScalarAsync())!;
    }

    /// <summary>Starts, appends, conflicts and several streams at once; only read afterwards.</summary>
    public sealed class MixedDay : IAsyncLifetime
    {
        public EventStoreFixture Fixture { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Fixture = await EventStoreFixture.CreateAsync();
            await using var session = Fixture.Store.OpenSession(new SessionMetadata(UserName: "ada"));
            session.StartStream<Order>("order-2", new OrderEvent.Placed("ada", Channel.Phone));
            session.StartStream<Order>("order-1", new OrderEvent.Placed("bob", Channel.Shop, "quick"));
            session.Append("order-2", new OrderEvent.ItemAdded("book", 2));
            session.Append("loose", new OrderEvent.ItemAdded("pen", 1));
            await session.SaveChangesAsync();
            var order = await session.FetchForWriting<Order>("order-1");
            order.AppendMany([new OrderEvent.ItemAdded("pen", 3), Paid()]);
            await session.SaveChangesAsync();
            foreach (var wrong in new[] { 0L, 1L, 9L })
            {
                await Assert.ThrowsAsync<EventStreamUnexpectedMaxEventIdException>(
                    () => Fixture.AppendAsync("order-1", wrong, new OrderEvent.ItemAdded("lost", 1)));
            }

            await Fixture.AppendAsync("order-2", 2, new OrderEvent.ItemAdded("lamp", 1));
        }

        public async Task DisposeAsync() => await Fixture.DisposeAsync();

        private static OrderEvent.Paid Paid() => new(
            new Payment.Card("4711"),
            new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(2)),
            TimeSpan.FromSeconds(90),
            1.50m);
    }
}
