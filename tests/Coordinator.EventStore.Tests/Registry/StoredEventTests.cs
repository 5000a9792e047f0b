using Coordinator.EventStore.Registry;

namespace Coordinator.EventStore.Tests.Registry;

/// <summary>Rows that another program wrote, or this one in an older version, read with today's registry.</summary>
public sealed class StoredEventTests(SharedStore shared) : IClassFixture<SharedStore>, IAsyncLifetime
{
    private readonly EventStoreFixture _fixture = shared.Fixture;
    private readonly string _key = SharedStore.NewKey();

    public async Task InitializeAsync()
    {
        await _fixture.Database.ExecuteAsync($"""
            truncate coordinator_events.mt_streams, coordinator_events.mt_events;
            insert into coordinator_events.mt_streams (id, version) values ('{_key}', 0)
            """);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task An_old_alias_of_a_renamed_type_is_read_as_the_type()
    {
        await StoreAsync("item_put_in", """{"Sku": "book", "Quantity": 4}""");

        var read = Assert.Single(await ReadAsync(Order.Registry().AddAlias<OrderEvent.ItemAdded>("item_put_in")));

        Assert.Equal(new OrderEvent.ItemAdded("book", 4), read.Data);
        Assert.Equal("item_put_in", read.EventTypeName);
    }

    [Fact]
    public async Task An_older_shape_is_upcast_from_its_type()
    {
        await StoreAsync("item_added_v1", """{"Sku": "book"}""");

        var read = Assert.Single(await ReadAsync(Order.Registry()
            .Upcast<ItemAddedV1, OrderEvent.ItemAdded>("item_added_v1", old => new OrderEvent.ItemAdded(old.Sku, 1))));

        Assert.Equal(new OrderEvent.ItemAdded("book", 1), read.Data);
    }

    [Fact]
    public async Task An_older_shape_is_upcast_from_its_json()
    {
        await StoreAsync("item_added_v0", """{"sku_and_quantity": "book*7"}""");

        var read = Assert.Single(await ReadAsync(Order.Registry().Upcast("item_added_v0", json =>
        {
            var parts = json.GetProperty("sku_and_quantity").GetString()!.Split('*');
            return new OrderEvent.ItemAdded(parts[0], int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture));
        })));

        Assert.Equal(new OrderEvent.ItemAdded("book", 7), read.Data);
    }

    [Fact]
    public async Task An_unknown_alias_stops_the_reader_even_where_the_clr_type_could_be_loaded()
    {
        await StoreAsync("from_a_newer_program", "{}", "System.Text.StringBuilder, System.Private.CoreLib");

        var unknown = await Assert.ThrowsAsync<UnknownEventTypeException>(() => ReadAsync(Order.Registry()));
        Assert.Equal("from_a_newer_program", unknown.EventType);
    }

    [Theory]
    [InlineData("""{"Sku": "book", "Quantity": "many"}""")]
    [InlineData("null")]
    [InlineData("[1]")]
    public async Task A_body_that_does_not_fit_says_which_event_it_is(string body)
    {
        await StoreAsync("item_added", """{"Sku": "book", "Quantity": 1}""");
        await StoreAsync("item_added", body);

        var failure = await Assert.ThrowsAsync<EventDeserializationFailureException>(() => ReadAsync(Order.Registry()));

        Assert.Equal(("item_added", await _fixture.SequenceAsync()), (failure.EventType, failure.Sequence));
        Assert.NotNull(failure.InnerException);
    }

    [Fact]
    public async Task An_enum_in_letters_does_not_fit()
    {
        await StoreAsync("order_placed", """{"Customer": "ada", "Channel": "Phone", "Note": null}""");

        await Assert.ThrowsAsync<EventDeserializationFailureException>(() => ReadAsync(Order.Registry()));
    }

    [Fact]
    public async Task A_polymorphic_member_survives_jsonb_which_moves_its_discriminator()
    {
        var paid = new OrderEvent.Paid(
            new Payment.Card("4711"), DateTimeOffset.UnixEpoch.AddTicks(10), TimeSpan.FromDays(2), 12.340m);
        await _fixture.AppendAsync("order-paid", 0, paid, paid with { Payment = new Payment.Invoice(30) });

        var read = await _fixture.Store.Query.FetchStreamAsync("order-paid");

        Assert.Equal([paid, paid with { Payment = new Payment.Invoice(30) }], read.Select(e => e.Data));
        Assert.Equal("12.340", ((OrderEvent.Paid)read[0].Data).Amount.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task Headers_of_another_writer_may_hold_anything()
    {
        await StoreAsync("item_added", """{"Sku": "book", "Quantity": 1}""");
        await _fixture.Database.ExecuteAsync("""
            update coordinator_events.mt_events set headers = '{"number": 7, "text": "x", "list": [1, 2], "none": null}'
            """);

        var read = Assert.Single(await ReadAsync(Order.Registry()));

        Assert.Equal(
            new Dictionary<string, string> { ["list"] = "[1, 2]", ["none"] = "", ["number"] = "7", ["text"] = "x" },
            read.Headers.OrderBy(h => h.Key, StringComparer.Ordinal).ToDictionary());
    }

    [Fact]
    public void An_alias_has_one_reading_and_a_type_one_alias()
    {
        var registry = Order.Registry();

        Assert.Throws<ArgumentException>(() => registry.Add<ItemAddedV1>("item_added"));
        Assert.Throws<ArgumentException>(() => registry.Add<OrderEvent.ItemAdded>("another"));
        Assert.Throws<ArgumentException>(() => registry.AddAlias<OrderEvent.ItemAdded>("item_added"));
        Assert.Throws<ArgumentException>(
            () => registry.Upcast<ItemAddedV1, OrderEvent.ItemAdded>("item_added", old => new OrderEvent.ItemAdded(old.Sku, 1)));
        Assert.Throws<ArgumentException>(() => registry.AddAggregate("again", Order.Initial, Order.Evolve));
        Assert.Throws<ArgumentException>(() => registry.Add<ItemAddedV1>(""));
        Assert.Throws<ArgumentException>(() => registry.Add<ItemAddedV1>(new string('x', 501)));
    }

    private async Task StoreAsync(string alias, string body, string? dotNetType = null)
    {
        await using var command = _fixture.DataSource.CreateCommand("""
            with s as (update coordinator_events.mt_streams set version = version + 1 where id = $4 returning version)
            insert into coordinator_events.mt_events
                (seq_id, id, stream_id, version, data, type, "timestamp", mt_dotnet_type, is_archived)
            select nextval('coordinator_events.mt_events_sequence'), gen_random_uuid(), $4, version, $1::jsonb, $2, now(), $3, false
              from s
            """);
        command.Parameters.Add(new() { Value = body });
        command.Parameters.Add(new() { Value = alias });
        command.Parameters.Add(new() { Value = (object?)dotNetType ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Varchar });
        command.Parameters.Add(new() { Value = _key });
        await command.ExecuteNonQueryAsync();
    }

    private Task<IReadOnlyList<IEvent>> ReadAsync(EventRegistry registry) =>
        EventStoreFixture.StoreOn(_fixture.DataSource, registry).Query.FetchStreamAsync(_key);

    public sealed record ItemAddedV1(string Sku);
}
