using Coordinator.EventStore.Appending;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.EventStore.Tests.Appending;

public sealed class EnlistedStatementTests : IAsyncLifetime
{
    private static readonly OrderEvent.ItemAdded Item = new("book", 2);

    private EventStoreFixture _fixture = null!;

    public async Task InitializeAsync()
    {
        _fixture = await EventStoreFixture.CreateAsync();
        await _fixture.Database.ExecuteAsync("""
            create table side (name text primary key, events bigint not null default 0);
            insert into side (name) values ('a'), ('b');
            create function refuse(reason text) returns void language plpgsql as
              $$ begin raise exception using errcode = 'CO001', message = reason; end $$
            """);
    }

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task Guards_run_before_the_streams_and_side_tables_after_the_events()
    {
        await using var session = _fixture.Store.OpenSession();
        const string note = "insert into side select $1, count(*) from coordinator_events.mt_events";
        session.Enlist(new(note) { Parameters = { new() { Value = "after" } } });
        session.EnlistBefore(new(note) { Parameters = { new() { Value = "before" } } });
        session.Append("order-1", Item, Item);
        await session.SaveChangesAsync();

        Assert.Equal(0, await SideAsync("before"));
        Assert.Equal(2, await SideAsync("after"));
    }

    [Fact]
    public async Task A_command_that_was_saved_before_can_be_saved_again_on_another_connection()
    {
        // As the engine connects: what is sent again is prepared, under a name that belongs to one connection.
        await using var preparing = NpgsqlDataSource.Create(
            _fixture.Database.ConnectionString + ";Max Auto Prepare=20;Auto Prepare Min Usages=1");
        var store = EventStoreFixture.StoreOn(preparing);
        var note = new NpgsqlBatchCommand("update side set events = events + $1 where name = $2")
        {
            Parameters = { new() { Value = 1L }, new() { Value = "a" } },
        };
        await SaveAsync("order-1");
        await using var busy = await preparing.OpenConnectionAsync();
        await SaveAsync("order-2");

        Assert.Equal(2, await SideAsync("a"));

        async Task SaveAsync(string order)
        {
            await using var session = store.OpenSession();
            session.Append(order, Item);
            session.Enlist(note);
            await session.SaveChangesAsync();
        }
    }

    [Fact]
    public async Task A_guard_that_raises_reaches_the_caller_unchanged_and_nothing_is_saved()
    {
        await using var session = _fixture.Store.OpenSession();
        session.EnlistBefore(new("update side set events = 99 where name = 'a'"));
        session.EnlistBefore(new("select refuse($1)") { Parameters = { new() { Value = "not now" } } });
        session.Append("order-1", Item);
        session.Enlist(new("update side set events = 99 where name = 'b'"));

        var refusal = await Assert.ThrowsAsync<PostgresException>(() => session.SaveChangesAsync());

        Assert.Equal(("CO001", "not now"), (refusal.SqlState, refusal.MessageText));
        Assert.Equal(0, await SideAsync("a") + await SideAsync("b"));
        Assert.Equal(0, await _fixture.EventCountAsync());
        Assert.Equal(0, await _fixture.SequenceAsync());
    }

    [Theory]
    [InlineData("MT003")]
    [InlineData("MT001")]
    [InlineData("23505")]
    public async Task A_guard_may_raise_the_stores_own_codes_and_still_arrives_unchanged(string code)
    {
        await using var session = _fixture.Store.OpenSession();
        session.EnlistBefore(new($"do $$ begin raise exception using errcode = '{code}', message = 'mine'; end $$"));
        session.Append("order-1", Item);

        var refusal = await Assert.ThrowsAsync<PostgresException>(() => session.SaveChangesAsync());

        Assert.Equal((code, "mine"), (refusal.SqlState, refusal.MessageText));
    }

    [Fact]
    public async Task A_side_table_that_refuses_takes_the_events_with_it()
    {
        await using var session = _fixture.Store.OpenSession();
        session.Append("order-1", Item);
        session.Enlist(new("insert into side (name) values ('a')"));

        var refusal = await Assert.ThrowsAsync<PostgresException>(() => session.SaveChangesAsync());

        Assert.Equal(PostgresErrorCodes.UniqueViolation, refusal.SqlState);
        Assert.Null(await session.FetchStreamStateAsync("order-1"));
        // The number is burnt, and the mark goes over it once nothing runs any more.
        await _fixture.AppendAsync("order-1", 0, Item);
        await Eventually.TrueAsync(
            async () => await _fixture.Store.HighWaterMarkAsync(CancellationToken.None) == 2, "the burnt number is passed");
    }

    [Fact]
    public async Task A_session_with_nothing_but_statements_saves_and_wakes_nobody()
    {
        await using var connection = await _fixture.DataSource.OpenConnectionAsync();
        List<string> notified = [];
        connection.Notification += (_, n) => notified.Add(n.Payload);
        await ExecuteAsync(connection, "listen mt_events_appended");
        await using var session = _fixture.Store.OpenSession();
        session.Enlist(new("update side set events = 5 where name = 'a'"));
        await session.SaveChangesAsync();

        await ExecuteAsync(connection, "notify mt_events_appended, 'later'");

        Assert.Equal(5, await SideAsync("a"));
        Assert.Equal(["later"], notified);
    }

    [Fact]
    public async Task A_deadlocks_victim_gets_a_conflict()
    {
        await using var gate = await _fixture.DataSource.OpenConnectionAsync();
        await ExecuteAsync(gate, "select pg_advisory_lock(1)");
        await using var other = await _fixture.DataSource.OpenConnectionAsync();
        await using var holding = await other.BeginTransactionAsync();
        // Only the session looks for a deadlock, and it waits last, so it is the victim.
        await ExecuteAsync(other, "set local deadlock_timeout = '1h'");
        await ExecuteAsync(other, "update side set events = 2 where name = 'b'");
        await using var session = _fixture.Store.OpenSession();
        session.EnlistBefore(new("set local deadlock_timeout = '10ms'"));
        session.EnlistBefore(new("update side set events = 1 where name = 'a'"));
        session.EnlistBefore(new("select pg_advisory_xact_lock(1)"));
        session.EnlistBefore(new("update side set events = 1 where name = 'b'"));
        session.Append("order-1", Item);
        var saving = session.SaveChangesAsync();
        await WaitersAsync(1);
        var closing = ExecuteAsync(other, "update side set events = 2 where name = 'a'");
        await WaitersAsync(2);

        await ExecuteAsync(gate, "select pg_advisory_unlock(1)");

        var conflict = await Assert.ThrowsAsync<ConcurrencyException>(() => saving);
        Assert.Equal(PostgresErrorCodes.DeadlockDetected, Assert.IsType<PostgresException>(conflict.InnerException).SqlState);
        await closing;
        await holding.CommitAsync();
        Assert.Equal(4, await SideAsync("a") + await SideAsync("b"));
        Assert.Equal(0, await _fixture.EventCountAsync());
    }

    private Task WaitersAsync(long count) => Eventually.TrueAsync(
        async () => await _fixture.Database.ScalarAsync<long>(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") == count,
        $"{count} sessions wait for a lock");

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { new(sql) } };
        await batch.ExecuteNonQueryAsync();
    }

    private Task<long> SideAsync(string name) =>
        _fixture.Database.ScalarAsync<long>($"select events from side where name = '{name}'");
}
