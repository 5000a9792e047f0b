using Coordinator.Postgres.Catalog;
using Coordinator.Testing;

namespace Coordinator.Postgres.Tests.Catalog;

/// <summary>An index is read so that the same one can be made on another column.</summary>
public sealed class CatalogIndexTests : IAsyncLifetime
{
    private TestDatabase? _database;

    private TestDatabase Database => _database ?? throw new InvalidOperationException("Not initialised.");

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync();
        await _database.ExecuteAsync("create table public.t (id int primary key, a text, b text, c int, r int4range)");
    }

    public async Task DisposeAsync() => await Database.DisposeAsync();

    [Theory]
    [InlineData("(a)", "")]
    [InlineData("(a desc)", "desc")]
    [InlineData("(a nulls first)", "nulls first")]
    [InlineData("(a desc nulls last)", "desc nulls last")]
    [InlineData("(a collate \"C\")", "collate pg_catalog.\"C\"")]
    [InlineData("(a text_pattern_ops)", "pg_catalog.text_pattern_ops")]
    [InlineData("(a collate \"C\" text_pattern_ops desc)", "collate pg_catalog.\"C\" pg_catalog.text_pattern_ops desc")]
    [InlineData("using hash (a)", "")]
    public async Task What_stands_behind_a_column_is_written_as_it_must_stand_again(string definition, string options)
    {
        var index = await CreateAsync($"create index i on public.t {definition}");
        Assert.Equal([new CatalogIndexKey("a", options)], index.Keys);
        var using_ = definition.StartsWith("using", StringComparison.Ordinal) ? "using hash " : "";

        await Database.ExecuteAsync($"drop index i; create index i on public.t {using_}(b {options})");
        var again = await ReadAsync("i");

        Assert.Equal([new CatalogIndexKey("b", options)], again.Keys);
        Assert.Equal(index.Definition.Replace("(a", "(b", StringComparison.Ordinal), again.Definition);
    }

    [Fact]
    public async Task Operator_class_parameters_are_kept()
    {
        await Database.ExecuteAsync("alter table public.t add column v tsvector");

        var index = await CreateAsync("create index i on public.t using gist (v tsvector_ops (siglen = 100))");

        Assert.Equal("gist", index.Method);
        Assert.Equal([new CatalogIndexKey("v", "pg_catalog.tsvector_ops(siglen='100')")], index.Keys);
        await Database.ExecuteAsync("drop index i; create index i on public.t using gist (v pg_catalog.tsvector_ops(siglen='100'))");
        Assert.Equal(index.Definition, (await ReadAsync("i")).Definition);
    }

    [Fact]
    public async Task Keys_included_columns_and_storage_are_told_apart()
    {
        var index = await CreateAsync("create unique index i on public.t (b, a desc) include (c, id) with (fillfactor = 70)");

        Assert.True(index.IsUnique);
        Assert.Equal([new CatalogIndexKey("b", ""), new CatalogIndexKey("a", "desc")], index.Keys);
        Assert.Equal(["c", "id"], index.Included);
        Assert.Equal("fillfactor='70'", index.StorageParameters);
        Assert.Null(index.Tablespace);
        Assert.Empty(index.ExpressionColumns);
        Assert.False(index.IsConstraint);
        Assert.True(index.IsValid);
    }

    [Fact]
    public async Task Nulls_not_distinct_is_read()
    {
        if (await CatalogReader.ReadServerVersionAsync(Database.DataSource, default) < 150000)
        {
            Assert.False((await CreateAsync("create unique index i on public.t (a)")).NullsNotDistinct);
            return;
        }

        Assert.True((await CreateAsync("create unique index i on public.t (a) nulls not distinct")).NullsNotDistinct);
    }

    [Theory]
    [InlineData("(a) where b is not null", true, false, "b")]
    [InlineData("(a) where a is not null", true, false, "a")]
    [InlineData("(a) where c > 1 and b = 'x'", true, false, "b,c")]
    [InlineData("(lower(a), c)", false, true, "a")]
    [InlineData("(a, (a || b))", false, true, "a,b")]
    [InlineData("(a) include (b)", false, false, "")]
    public async Task Columns_of_expressions_and_predicates_are_named(string definition, bool predicate, bool expressions, string columns)
    {
        var index = await CreateAsync($"create index i on public.t {definition}");

        Assert.Equal((predicate, expressions), (index.HasPredicate, index.HasExpressions));
        Assert.Equal(columns, string.Join(',', index.ExpressionColumns));
    }

    [Fact]
    public async Task An_expression_has_no_name()
    {
        var index = await CreateAsync("create index i on public.t (lower(a) desc, b)");

        Assert.Equal([new CatalogIndexKey("", "desc"), new CatalogIndexKey("b", "")], index.Keys);
    }

    [Fact]
    public async Task Indexes_of_constraints_are_told_apart()
    {
        await Database.ExecuteAsync(
            """
            alter table public.t add constraint u unique (a) include (b), add constraint x exclude using gist (r with &&) where (c > 0),
                alter a set not null;
            create unique index replica on public.t (a);
            alter table public.t replica identity using index replica;
            """);

        var key = await ReadAsync("t_pkey");
        Assert.Equal((true, true, true), (key.IsPrimary, key.IsUnique, key.IsConstraint));
        var unique = await ReadAsync("u");
        Assert.Equal((false, true, true, false), (unique.IsPrimary, unique.IsUnique, unique.IsConstraint, unique.IsExclusion));
        var exclusion = await ReadAsync("x");
        Assert.Equal((true, true), (exclusion.IsExclusion, exclusion.IsConstraint));
        Assert.Equal(["c"], exclusion.ExpressionColumns);
        Assert.True((await ReadAsync("replica")).IsReplicaIdentity);
        var table = await CatalogReader.ReadTableAsync(Database.DataSource, "public", "t", default);
        Assert.Equal(["a"], table!.Columns.Where(c => c.IsInReplicaIdentity).Select(c => c.Name));
    }

    private async Task<CatalogIndex> CreateAsync(string sql)
    {
        await Database.ExecuteAsync(sql);
        return await ReadAsync("i");
    }

    private async Task<CatalogIndex> ReadAsync(string name)
    {
        var table = await CatalogReader.ReadTableAsync(Database.DataSource, "public", "t", CancellationToken.None);
        return table!.Indexes.Single(index => index.Name == name);
    }
}
