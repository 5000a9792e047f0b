using Coordinator.Testing;

namespace Coordinator.EventStore.Tests.Schema;

/// <summary>Marten's layout to the letter: every column, key, index and default, and nothing besides.</summary>
public sealed class LayoutTests(LayoutTests.Fresh fresh) : IClassFixture<LayoutTests.Fresh>
{
    private readonly TestDatabase _database = fresh.Database;

    [Fact]
    public async Task The_schema_holds_martens_tables_and_sequence_and_nothing_else()
    {
        Assert.Equal(
            [
                "S mt_events_sequence",
                "i pk_mt_event_progression",
                "i pk_mt_events_stream_and_version",
                "i pkey_mt_events_seq_id",
                "i pkey_mt_high_water_skips_ending_sequence",
                "i pkey_mt_streams_id",
                "r mt_event_progression",
                "r mt_events",
                "r mt_high_water_skips",
                "r mt_streams",
            ],
            await LinesAsync("""
                select relkind::text || ' ' || relname from pg_class
                 where relnamespace = 'coordinator_events'::regnamespace and relkind not in ('t', 'c')
                 order by relkind::text collate "C", relname collate "C"
                """));
        Assert.Empty(await LinesAsync("select proname::text from pg_proc where pronamespace = 'coordinator_events'::regnamespace"));
        Assert.Empty(await LinesAsync("""
            select tgname::text from pg_trigger t join pg_class c on c.oid = t.tgrelid
             where not tgisinternal and c.relnamespace = 'coordinator_events'::regnamespace
            """));
    }

    [Theory]
    [InlineData("mt_streams", """
        id character varying not null
        type character varying
        version bigint
        timestamp timestamp with time zone not null default now()
        created timestamp with time zone not null default now()
        tenant_id character varying default '*DEFAULT*'::character varying
        is_archived boolean default false
        """)]
    [InlineData("mt_events", """
        seq_id bigint not null
        id uuid not null
        stream_id character varying
        version bigint not null
        data jsonb not null
        bdata bytea
        type character varying(500) not null
        timestamp timestamp with time zone not null default now()
        tenant_id character varying default '*DEFAULT*'::character varying
        mt_dotnet_type character varying
        correlation_id character varying
        causation_id character varying
        headers jsonb
        user_name character varying
        is_archived boolean default false
        """)]
    [InlineData("mt_event_progression", """
        name character varying not null
        last_seq_id bigint
        last_updated timestamp with time zone default transaction_timestamp()
        """)]
    [InlineData("mt_high_water_skips", """
        ending_sequence bigint not null
        starting_sequence bigint not null
        timestamp timestamp with time zone default transaction_timestamp()
        """)]
    public async Task A_table_has_exactly_martens_columns(string table, string columns)
    {
        // CURRENT_TIMESTAMP is how some versions print transaction_timestamp() back; the function is the same.
        var found = await LinesAsync($"""
            select a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
                || case when a.attnotnull then ' not null' else '' end
                || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
              from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
             where a.attrelid = 'coordinator_events.{table}'::regclass and a.attnum > 0 and not a.attisdropped
             order by a.attnum
            """);

        Assert.Equal(columns.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), found);
    }

    [Fact]
    public async Task Keys_are_named_and_defined_as_martens()
    {
        Assert.Equal(
            [
                "mt_event_progression pk_mt_event_progression PRIMARY KEY (name)",
                "mt_events fkey_mt_events_stream_id FOREIGN KEY (stream_id) REFERENCES coordinator_events.mt_streams(id) ON DELETE CASCADE",
                "mt_events pkey_mt_events_seq_id PRIMARY KEY (seq_id)",
                "mt_high_water_skips pkey_mt_high_water_skips_ending_sequence PRIMARY KEY (ending_sequence)",
                "mt_streams pkey_mt_streams_id PRIMARY KEY (id)",
            ],
            await LinesAsync("""
                select r.relname || ' ' || c.conname || ' ' || pg_get_constraintdef(c.oid)
                  from pg_constraint c join pg_class r on r.oid = c.conrelid
                 where c.connamespace = 'coordinator_events'::regnamespace and c.contype <> 'n'
                 order by r.relname collate "C", c.conname collate "C"
                """));
    }

    [Fact]
    public async Task The_optimistic_lock_is_a_unique_index_and_no_constraint()
    {
        Assert.Equal(
            ["CREATE UNIQUE INDEX pk_mt_events_stream_and_version ON coordinator_events.mt_events USING btree (stream_id, version)"],
            await LinesAsync("""
                select indexdef from pg_indexes
                 where schemaname = 'coordinator_events' and indexname = 'pk_mt_events_stream_and_version'
                """));
    }

    [Fact]
    public async Task The_sequence_counts_by_one_without_cache_and_belongs_to_the_column()
    {
        Assert.Equal(
            ["bigint 1 1 1 f"],
            await LinesAsync("""
                select format('%s %s %s %s %s', data_type, start_value, increment_by, cache_size, cycle) from pg_sequences
                 where schemaname = 'coordinator_events'
                """));
        Assert.Equal(
            "coordinator_events.mt_events_sequence",
            await _database.ScalarAsync<string>("select pg_get_serial_sequence('coordinator_events.mt_events', 'seq_id')"));
    }

    private async Task<List<string>> LinesAsync(string sql)
    {
        await using var command = _database.DataSource.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        List<string> lines = [];
        while (await reader.ReadAsync())
        {
            lines.Add(reader.GetString(0).Replace("CURRENT_TIMESTAMP", "transaction_timestamp()", StringComparison.Ordinal));
        }

        return lines;
    }

    /// <summary>Read only, so one for all tests here.</summary>
    public sealed class Fresh : IAsyncLifetime
    {
        public TestDatabase Database { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Database = await TestDatabase.CreateAsync();
            await EventStoreFixture.StoreOn(Database.DataSource).EnsureSchemaAsync(CancellationToken.None);
        }

        public async Task DisposeAsync() => await Database.DisposeAsync();
    }
}
