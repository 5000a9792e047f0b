using Coordinator.Postgres.Catalog;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Postgres.Tests.Catalog;

/// <summary>Every check, once where it holds and once for each way it does not.</summary>
public sealed class CatalogCheckTests : IAsyncLifetime
{
    private static readonly TableName Table = new("public", "T \"x\"");
    private static readonly TableName Missing = new("public", "missing");

    private TestDatabase? _database;

    private NpgsqlDataSource Source => _database?.DataSource ?? throw new InvalidOperationException("Not initialised.");

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync();
        await _database.ExecuteAsync(
            $"""
            create table {Table.Sql} (id int not null default 7, "b c" varchar(9), constraint ok check (id > 0));
            alter table {Table.Sql} add constraint later check (id > 1) not valid;
            comment on column {Table.Sql}.id is 'the key';
            grant select (id) on {Table.Sql} to public;
            create index i on {Table.Sql} (id);
            create function public.tf() returns trigger language plpgsql as $$ begin return new; end $$;
            create trigger works before update on {Table.Sql} for each row execute function public.tf();
            create trigger off before update on {Table.Sql} for each row execute function public.tf();
            create trigger replicas before update on {Table.Sql} for each row execute function public.tf();
            create trigger always before update on {Table.Sql} for each row execute function public.tf();
            alter table {Table.Sql} disable trigger off;
            alter table {Table.Sql} enable replica trigger replicas;
            alter table {Table.Sql} enable always trigger always;
            """);
    }

    public async Task DisposeAsync() => await _database!.DisposeAsync();

    [Fact]
    public async Task Columns()
    {
        await HoldsAsync(CatalogCheck.ColumnExistsAsync(Source, Table, "b c", "character varying(9)", default));
        await HoldsAsync(CatalogCheck.ColumnExistsAsync(Source, Table, "b c", null, default));
        await FailsAsync("has type character varying(9), not text", CatalogCheck.ColumnExistsAsync(Source, Table, "b c", "text", default));
        await FailsAsync("has no column 'nope'", CatalogCheck.ColumnExistsAsync(Source, Table, "nope", null, default));
        await FailsAsync("no table", CatalogCheck.ColumnExistsAsync(Source, Missing, "b c", null, default));
        await HoldsAsync(CatalogCheck.ColumnAbsentAsync(Source, Table, "nope", default));
        await FailsAsync("still there", CatalogCheck.ColumnAbsentAsync(Source, Table, "id", default));
        await FailsAsync("no table", CatalogCheck.ColumnAbsentAsync(Source, Missing, "id", default));
    }

    [Fact]
    public async Task Nullability()
    {
        await HoldsAsync(CatalogCheck.ColumnNotNullAsync(Source, Table, "id", default));
        await FailsAsync("is nullable", CatalogCheck.ColumnNotNullAsync(Source, Table, "b c", default));
        await FailsAsync("has no column", CatalogCheck.ColumnNotNullAsync(Source, Table, "nope", default));
        await HoldsAsync(CatalogCheck.ColumnNullableAsync(Source, Table, "b c", default));
        await FailsAsync("is NOT NULL", CatalogCheck.ColumnNullableAsync(Source, Table, "id", default));
    }

    [Fact]
    public async Task Defaults_comments_and_privileges()
    {
        await HoldsAsync(CatalogCheck.ColumnDefaultAsync(Source, Table, "id", "7", default));
        await HoldsAsync(CatalogCheck.ColumnDefaultAsync(Source, Table, "b c", null, default));
        await FailsAsync("is 7, not 8", CatalogCheck.ColumnDefaultAsync(Source, Table, "id", "8", default));
        await FailsAsync("is 7, not absent", CatalogCheck.ColumnDefaultAsync(Source, Table, "id", null, default));
        await HoldsAsync(CatalogCheck.ColumnCommentAsync(Source, Table, "id", "the key", default));
        await FailsAsync("differs", CatalogCheck.ColumnCommentAsync(Source, Table, "id", null, default));
        await HoldsAsync(CatalogCheck.ColumnGrantsAsync(Source, Table, "id", ["SELECT|PUBLIC"], default));
        await FailsAsync("has the privileges [SELECT|PUBLIC], not []", CatalogCheck.ColumnGrantsAsync(Source, Table, "id", [], default));
    }

    [Fact]
    public async Task Constraints()
    {
        await HoldsAsync(CatalogCheck.ConstraintExistsAsync(Source, Table, "later", default));
        await FailsAsync("has no constraint", CatalogCheck.ConstraintExistsAsync(Source, Table, "nope", default));
        await HoldsAsync(CatalogCheck.ConstraintValidAsync(Source, Table, "ok", default));
        await FailsAsync("is not validated", CatalogCheck.ConstraintValidAsync(Source, Table, "later", default));
        await FailsAsync("has no constraint", CatalogCheck.ConstraintValidAsync(Source, Table, "nope", default));
        await HoldsAsync(CatalogCheck.ConstraintAbsentAsync(Source, Table, "nope", default));
        await FailsAsync("still there", CatalogCheck.ConstraintAbsentAsync(Source, Table, "later", default));
    }

    [Fact]
    public async Task Indexes()
    {
        await HoldsAsync(CatalogCheck.IndexValidAsync(Source, Table, "i", default));
        await FailsAsync("has no index", CatalogCheck.IndexValidAsync(Source, Table, "nope", default));
    }

    [Fact]
    public async Task Triggers()
    {
        await HoldsAsync(CatalogCheck.TriggerEnabledAsync(Source, Table, "works", default));
        await HoldsAsync(CatalogCheck.TriggerEnabledAsync(Source, Table, "always", default));
        await FailsAsync("is disabled", CatalogCheck.TriggerEnabledAsync(Source, Table, "off", default));
        await FailsAsync("for replicas only", CatalogCheck.TriggerEnabledAsync(Source, Table, "replicas", default));
        await FailsAsync("has no trigger", CatalogCheck.TriggerEnabledAsync(Source, Table, "nope", default));
        await HoldsAsync(CatalogCheck.TriggerAbsentAsync(Source, Table, "nope", default));
        await FailsAsync("still there", CatalogCheck.TriggerAbsentAsync(Source, Table, "off", default));
    }

    private static async Task HoldsAsync(Task<string?> check) => Assert.Null(await check);

    private static async Task FailsAsync(string reason, Task<string?> check) =>
        Assert.Contains(reason, await check, StringComparison.Ordinal);
}
