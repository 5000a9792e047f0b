using Coordinator.Postgres.Catalog;
using Coordinator.Testing;

namespace Coordinator.Postgres.Tests.Catalog;

public sealed class CatalogReaderTests : IAsyncLifetime
{
    private TestDatabase? _database;

    private TestDatabase Database => _database ?? throw new InvalidOperationException("Not initialised.");

    public async Task InitializeAsync() => _database = await TestDatabase.CreateAsync();

    public async Task DisposeAsync() => await Database.DisposeAsync();

    [Fact]
    public async Task A_table_that_is_not_there_is_null()
    {
        Assert.Null(await CatalogReader.ReadTableAsync(Database.DataSource, "public", "nothing", default));
        Assert.Null(await CatalogReader.ReadTableAsync(Database.DataSource, "nowhere", "nothing", default));
    }

    [Fact]
    public async Task Columns_come_in_order_with_type_default_and_nullability()
    {
        var table = await ReadAsync(
            """
            create type public.mood as enum ('fine', 'bad');
            create table public.t (
                id int generated always as identity, a varchar(80) not null default 'x', b numeric(10, 2), c timestamptz default now(),
                d int generated always as (1 + 1) stored, e public.mood, f text[], gone int, g serial);
            alter table public.t drop column gone;
            """);

        Assert.Equal(["id", "a", "b", "c", "d", "e", "f", "g"], table.Columns.Select(c => c.Name));
        Assert.Equal(
            ["integer", "character varying(80)", "numeric(10,2)", "timestamp with time zone", "integer", "public.mood", "text[]", "integer"],
            table.Columns.Select(c => c.Type));
        Assert.Equal(
            [null, "'x'::character varying", null, "now()", null, null, null, "nextval('public.t_g_seq'::regclass)"],
            table.Columns.Select(c => c.Default));
        Assert.Equal(["id", "a", "g"], table.Columns.Where(c => c.NotNull).Select(c => c.Name));
        Assert.Equal(["id"], table.Columns.Where(c => c.IsIdentity).Select(c => c.Name));
        Assert.Equal(["d"], table.Columns.Where(c => c.IsGenerated).Select(c => c.Name));
        Assert.Equal(["public.t_id_seq", "public.t_g_seq"], table.Columns.Where(c => c.OwnedSequence is not null).Select(c => c.OwnedSequence));
    }

    [Fact]
    public async Task A_columns_collation_comment_storage_statistics_and_options_are_read()
    {
        var table = await ReadAsync(
            """
            create collation public."My Coll" from "C";
            create table public.t (plain text, a text collate "C", b text collate public."My Coll");
            comment on column public.t.a is 'it''s "a"';
            alter table public.t alter a set storage external, alter a set statistics 500, alter a set (n_distinct = 100);
            """);

        Assert.Equal([null, "pg_catalog.\"C\"", "public.\"My Coll\""], table.Columns.Select(c => c.Collation));
        Assert.Equal([null, "it's \"a\"", null], table.Columns.Select(c => c.Comment));
        Assert.Equal([null, "external", null], table.Columns.Select(c => c.Storage));
        Assert.Equal([null, 500, (int?)null], table.Columns.Select(c => c.StatisticsTarget));
        Assert.Equal([[], ["n_distinct=100"], []], table.Columns.Select(c => c.Options));
        Assert.All(table.Columns, c => Assert.Null(c.Compression));
    }

    [Theory]
    [InlineData("int", true)]
    [InlineData("text", true)]
    [InlineData("varchar(10)", true)]
    [InlineData("char(5)", true)]
    [InlineData("uuid", true)]
    [InlineData("bytea", true)]
    [InlineData("boolean", true)]
    [InlineData("timestamptz", true)]
    [InlineData("date", true)]
    [InlineData("inet", true)]
    [InlineData("float8", true)]
    [InlineData("numeric(10,2)", true)]
    [InlineData("text[]", true)]
    [InlineData("int4range", true)]
    [InlineData("public.mood", true)]
    [InlineData("public.short", true)]
    [InlineData("public.pair", true)]
    [InlineData("numeric", false)]
    [InlineData("numeric[]", false)]
    [InlineData("numrange", false)]
    [InlineData("interval", false)]
    [InlineData("json", false)]
    [InlineData("jsonb", false)]
    [InlineData("xml", false)]
    [InlineData("point", false)]
    [InlineData("box", false)]
    [InlineData("json[]", false)]
    [InlineData("public.document", false)]
    [InlineData("public.measured", false)]
    [InlineData("text collate public.blind", false)]
    public async Task Equality_counts_only_where_equal_means_the_same(string type, bool expected)
    {
        var table = await ReadAsync(
            $"""
            create type public.mood as enum ('fine', 'bad');
            create domain public.short as varchar(10);
            create domain public.document as json;
            create type public.pair as (a int, b text);
            create type public.measured as (a int, b numeric);
            create collation public.blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
            create table public.t (c {type});
            """);

        Assert.Equal(expected, table.Columns[0].HasEquality);
    }

    [Fact]
    public async Task Column_privileges_are_read_and_table_privileges_are_not()
    {
        await using var roles = await TargetRoles.CreateAsync(Database);
        var table = await ReadAsync(
            $"""
            create table public.t (a int, b int);
            grant select (a), update (a) on public.t to {roles.Worker};
            grant select (a) on public.t to public;
            grant select (a) on public.t to {roles.Application} with grant option;
            grant insert on public.t to {roles.Worker};
            """);

        string[] expected =
            [$"SELECT|{roles.Worker}", $"UPDATE|{roles.Worker}", "SELECT|PUBLIC", $"SELECT|{roles.Application}|grantable"];
        Assert.Equal(expected.Order(StringComparer.Ordinal), table.Columns[0].Grants.Order(StringComparer.Ordinal));
        Assert.Empty(table.Columns[1].Grants);
    }

    [Fact]
    public async Task What_depends_on_a_column_is_named()
    {
        var table = await ReadAsync(
            """
            create table public.t (a int, b text, free int);
            alter table public.t add column twice int generated always as (a * 2) stored;
            create view public.v as select a from public.t;
            create materialized view public.mv as select b from public.t;
            create rule r as on update to public.t where new.a = 1 do also select old.b;
            create policy p on public.t using (a > 0);
            create statistics public.st on a, b from public.t;
            create function public.f() returns bigint language sql return (select sum(a) from public.t);
            create function public.tf() returns trigger language plpgsql as $$ begin return new; end $$;
            create trigger tr before update on public.t for each row when (old.b is distinct from new.b) execute function public.tf();
            create index i on public.t (a);
            alter table public.t add constraint k check (a > 0);
            create schema coordinator;
            create function coordinator.ours() returns trigger language plpgsql as $$ begin return new; end $$;
            create trigger ours before update on public.t for each row when (new.b is null or new.free is null) execute function coordinator.ours();
            """);

        Assert.Equal(
            [
                "column twice of table public.t", "function public.f()", "policy p on table public.t", "rule r on table public.t",
                "statistics object public.st", "view public.v",
            ],
            Normalise(table.Columns[0].DependentObjects));
        Assert.Equal(
            ["materialized view public.mv", "rule r on table public.t", "statistics object public.st", "trigger tr on table public.t"],
            Normalise(table.Columns[1].DependentObjects));
        Assert.Empty(table.Columns[2].DependentObjects);
        Assert.Equal(
            ["materialized view public.mv", "rule r on table public.t", "view public.v"], table.DependentViews.Order(StringComparer.Ordinal));
        Assert.Equal(["p"], table.Policies);
    }

    [Fact]
    public async Task Constraints_are_read_with_their_columns_and_validity()
    {
        var table = await ReadAsync(
            """
            create table public.parent (id int primary key);
            create table public.t (a int, b int, c int references public.parent, constraint pk primary key (b, a), constraint u unique (c),
                                   constraint x exclude using btree (c with =));
            alter table public.t add constraint k check (a > b) not valid;
            create table public.child (x int references public.t (c));
            """);
        var byName = table.Constraints.Where(c => c.Type != 'n').ToDictionary(c => c.Name);

        Assert.Equal(["k", "pk", "t_c_fkey", "u", "x"], byName.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(('p', true, false), (byName["pk"].Type, byName["pk"].IsValid, byName["pk"].IsReferencedFromOther));
        Assert.Equal(["b", "a"], byName["pk"].Columns);
        Assert.Equal(('c', false), (byName["k"].Type, byName["k"].IsValid));
        Assert.Equal("CHECK ((a > b)) NOT VALID", byName["k"].Definition);
        Assert.Equal(('u', true), (byName["u"].Type, byName["u"].IsReferencedFromOther));
        Assert.Equal("FOREIGN KEY (c) REFERENCES public.parent(id)", byName["t_c_fkey"].Definition);
        Assert.Equal('x', byName["x"].Type);
    }

    [Fact]
    public async Task Triggers_are_read_with_the_columns_they_watch()
    {
        var table = await ReadAsync(
            """
            create table public.t (a int, b int, c int references public.t (a), unique (a));
            create function public.tf() returns trigger language plpgsql as $$ begin return new; end $$;
            create trigger every before update on public.t for each row execute function public.tf();
            create trigger watching after update of b, a on public.t for each row execute function public.tf();
            """);

        Assert.Equal(["every", "watching"], table.Triggers.Where(t => !t.IsInternal).Select(t => t.Name));
        Assert.Equal(["b", "a"], table.Triggers.Single(t => t.Name == "watching").UpdateColumns);
        Assert.Empty(table.Triggers.Single(t => t.Name == "every").UpdateColumns);
        Assert.Contains("BEFORE UPDATE ON public.t", table.Triggers.Single(t => t.Name == "every").Definition, StringComparison.Ordinal);
        Assert.Equal(4, table.Triggers.Count(t => t.IsInternal));
    }

    [Fact]
    public async Task Publications_and_their_column_lists_are_read()
    {
        var table = await ReadAsync(
            """
            create table public.t (id int primary key, a int, b int);
            create table public.other (id int primary key);
            create publication named for table public.t;
            create publication others for table public.other;
            create publication everything for all tables;
            """);
        Assert.Equal(["everything", "named"], table.Publications);
        Assert.All(table.Columns, c => Assert.Empty(c.PublicationColumnLists));

        if (await CatalogReader.ReadServerVersionAsync(Database.DataSource, default) >= 150000)
        {
            await Database.ExecuteAsync(
                """
                create publication listed for table public.t (id, a);
                create publication of_schema for tables in schema public;
                """);
            table = await ReadAsync("");
            Assert.Equal(["everything", "listed", "named", "of_schema"], table.Publications);
            Assert.Equal([["listed"], ["listed"], []], table.Columns.Select(c => c.PublicationColumnLists));
        }
    }

    [Fact]
    public async Task The_kind_of_table_is_told()
    {
        await Database.ExecuteAsync(
            """
            create table public.t (id int) partition by range (id);
            create table public.leaf partition of public.t for values from (0) to (10);
            create table public.parent (id int);
            create table public.child () inherits (public.parent);
            create unlogged table public.fast (id int);
            create view public.v as select 1 as id;
            create publication p for table public.t;
            insert into public.t select 5 from generate_series(1, 1000);
            analyze public.leaf;
            """);

        var parent = await ReadAsync("");
        Assert.Equal(("p", true, false, false), (parent.Kind, parent.IsPartitioned, parent.IsPartition, parent.HasInheritance));
        Assert.True(parent.SizeBytes > 0);
        var leaf = await ReadAsync("", "leaf");
        Assert.Equal(("r", false, true, false), (leaf.Kind, leaf.IsPartitioned, leaf.IsPartition, leaf.HasInheritance));
        Assert.Equal(1000, leaf.EstimatedRows);
        Assert.Equal(["p"], leaf.Publications);
        Assert.True((await ReadAsync("", "parent")).HasInheritance);
        Assert.True((await ReadAsync("", "child")).HasInheritance);
        Assert.True((await ReadAsync("", "fast")).IsUnlogged);
        Assert.Equal(("v", 0), ((await ReadAsync("", "v")).Kind, (await ReadAsync("", "v")).DependentViews.Count));
    }

    [Theory]
    [MemberData(nameof(HostileNames.All), MemberType = typeof(HostileNames))]
    public async Task Everything_can_have_any_name(string name)
    {
        var quoted = Identifier.Quote(name);
        await Database.ExecuteAsync(
            $"""
            create schema {quoted};
            create table {quoted}.{quoted} ({quoted} int primary key, other text);
            comment on column {quoted}.{quoted}.{quoted} is $c${name.Replace("$", "", StringComparison.Ordinal)}$c$;
            create view public.v as select {quoted} from {quoted}.{quoted};
            """);

        var table = await CatalogReader.ReadTableAsync(Database.DataSource, name, name, default);

        Assert.NotNull(table);
        Assert.Equal(name, table.Columns[0].Name);
        Assert.Equal(name.Replace("$", "", StringComparison.Ordinal), table.Columns[0].Comment);
        Assert.Equal(name, table.Indexes.Single().Keys.Single().Name);
        Assert.Equal(["view public.v"], table.Columns[0].DependentObjects);
    }

    private async Task<CatalogTable> ReadAsync(string sql, string table = "t")
    {
        if (sql.Length > 0)
        {
            await Database.ExecuteAsync(sql);
        }

        return await CatalogReader.ReadTableAsync(Database.DataSource, "public", table, CancellationToken.None)
            ?? throw new InvalidOperationException($"public.{table} was not found.");
    }

    private static IEnumerable<string> Normalise(IEnumerable<string> descriptions) =>
        descriptions.Select(text => text.Replace("default value for column", "column", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
}
