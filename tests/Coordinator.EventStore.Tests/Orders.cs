using System.Text.Json.Serialization;
using Coordinator.EventStore.Registry;

namespace Coordinator.EventStore.Tests;

public enum Channel
{
    Shop = 0,
    Phone = 7,
}

[JsonPolymorphic]
[JsonDerivedType(typeof(Card), "card")]
[JsonDerivedType(typeof(Invoice), "invoice")]
public abstract record Payment
{
    // "No" is shorter than the discriminator, so jsonb stores it first.
    public sealed record Card(string No) : Payment;

    public sealed record Invoice(int DueInDays) : Payment;
}

/// <summary>A closed hierarchy of events as the domain has them, to store.</summary>
[JsonPolymorphic]
[JsonDerivedType(typeof(Placed), "placed")]
[JsonDerivedType(typeof(ItemAdded), "item")]
[JsonDerivedType(typeof(Paid), "paid")]
public abstract record OrderEvent
{
    private OrderEvent()
    {
    }

    public sealed record Placed(string Customer, Channel Channel, string? Note = null) : OrderEvent;

    public sealed record ItemAdded(string Sku, int Quantity) : OrderEvent;

    public sealed record Paid(Payment Payment, DateTimeOffset At, TimeSpan Took, decimal Amount) : OrderEvent;
}

public sealed record Order(string? Customer, int Items)
{
    public static Order Initial() => new(null, 0);

    public static Order Evolve(Order state, object @event) => @event switch
    {
        OrderEvent.Placed placed => state with { Customer = placed.Customer },
        OrderEvent.ItemAdded added => state with { Items = state.Items + added.Quantity },
        _ => state,
    };

    public static EventRegistry Registry() => new EventRegistry()
        .Add<OrderEvent.Placed>("order_placed")
        .Add<OrderEvent.ItemAdded>("item_added")
        .Add<OrderEvent.Paid>("order_paid")
        .AddAggregate("order", Initial, Evolve);
}
