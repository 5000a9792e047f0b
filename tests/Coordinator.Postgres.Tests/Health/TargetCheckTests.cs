using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Health;
using Coordinator.Postgres.Schema;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Postgres.Tests.Health;

public sealed class TargetCheckTests : IAsyncLifetime
{
    private static readonly TableName Review = new("public", "review");

    private InstalledTarget? _target;

    private InstalledTarget Target => _target ?? throw new InvalidOperationException("Not initialised.");

    private TargetRoles Roles => Target.Roles;

    public async Task InitializeAsync()
    {
        _target = await InstalledTarget.CreateAsync();
        await _target.ExecuteAsOwnerAsync("create table public.review (id int primary key, comment text)");
    }

    public async Task DisposeAsync() => await Target.DisposeAsync();

    [Fact]
    public async Task A_target_set_up_as_documented_has_nothing_to_complain_about()
    {
        var findings = await RunAsync();

        Assert.DoesNotContain(findings, finding => finding.Severity == FindingSeverity.Error);
        foreach (var code in (string[])["VERSION", "PRIMARY", "WRITABLE", "SYNCHRONOUS_COMMIT", "LOCK_TABLE", "DIRECT_CONNECTION",
            "ROLE", "VISIBILITY", "TABLE_OWNER", "WORKER_ROLE", "SCHEMA", "WAL_LEVEL", "DATABASE_SIZE"])
        {
            Assert.Single(findings, finding => finding.Code == code && finding.Severity == FindingSeverity.Ok);
        }
    }

    [Fact]
    public async Task A_superuser_is_no_role_for_coordinator()
    {
        var findings = await TargetCheck.RunAsync(Target.Database.DataSource, new(), default);

        Has(findings, "ROLE_IS_SUPERUSER", FindingSeverity.Error);
        Has(findings, "SCHEMA_OWNER", FindingSeverity.Error);
        Assert.Equal(FindingSeverity.Error, findings[0].Severity);
    }

    [Fact]
    public async Task Missing_visibility_is_an_error()
    {
        await Target.Database.ExecuteAsync($"revoke pg_monitor from {Roles.Coordinator}");

        Has(await RunAsync(), "NO_VISIBILITY", FindingSeverity.Error);
    }

    [Fact]
    public async Task Tables_must_be_there_and_their_owners_rights_held()
    {
        Has(await RunAsync(tables: [new("public", "Review")]), "TABLE_NOT_FOUND", FindingSeverity.Error);

        await Target.Database.ExecuteAsync($"revoke {Roles.Owner} from {Roles.Coordinator}");
        Has(await RunAsync(), "NOT_OWNER_MEMBER", FindingSeverity.Error);
    }

    [Fact]
    public async Task Membership_without_inheritance_is_not_enough()
    {
        await Target.Database.ExecuteAsync(
            $"""
            revoke {Roles.Owner} from {Roles.Coordinator};
            alter role {Roles.Coordinator} noinherit;
            grant {Roles.Owner} to {Roles.Coordinator};
            """);

        Has(await RunAsync(), "NOT_OWNER_MEMBER", FindingSeverity.Error);
    }

    [Fact]
    public async Task A_worker_role_must_exist() =>
        Has(await RunAsync(workers: ["no such role"]), "WORKER_ROLE_MISSING", FindingSeverity.Error);

    [Fact]
    public async Task A_worker_must_not_be_a_superuser()
    {
        await Target.Database.ExecuteAsync($"alter role {Roles.Worker} superuser");

        Has(await RunAsync(), "WORKER_IS_SUPERUSER", FindingSeverity.Error);
    }

    [Fact]
    public async Task A_worker_must_not_have_the_owners_rights()
    {
        await Target.Database.ExecuteAsync($"grant {Roles.Owner} to {Roles.Worker}");

        Has(await RunAsync(), "WORKER_IS_OWNER", FindingSeverity.Error);
    }

    [Theory]
    [InlineData("create on schema public")]
    [InlineData("create on schema coordinator")]
    [InlineData("create on database")]
    public async Task A_worker_must_not_be_able_to_create(string right)
    {
        var name = right.EndsWith("database", StringComparison.Ordinal) ? right + " " + Target.Database.Name : right;
        await Target.Database.ExecuteAsync($"grant {name} to {Roles.Worker}");

        Has(await RunAsync(), "WORKER_HAS_DDL_RIGHTS", FindingSeverity.Error);
    }

    [Theory]
    [InlineData("revoke update on public.review from")]
    [InlineData("revoke select on public.review from")]
    [InlineData("revoke usage on schema public from public,")]
    public async Task A_worker_must_be_able_to_read_and_update(string statement)
    {
        await Target.Database.ExecuteAsync($"{statement} {Roles.Worker}");

        Has(await RunAsync(), "WORKER_LACKS_RIGHTS", FindingSeverity.Error);
    }

    [Fact]
    public async Task A_read_only_role_is_an_error()
    {
        await Target.Database.ExecuteAsync($"alter role {Roles.Coordinator} set default_transaction_read_only = on");
        await using var source = NpgsqlDataSource.Create(Roles.CoordinatorConnectionString + ";Pooling=false");

        Has(await TargetCheck.RunAsync(source, new(), default), "READ_ONLY", FindingSeverity.Error);
    }

    [Fact]
    public async Task Asynchronous_commit_is_a_warning()
    {
        await Target.Database.ExecuteAsync($"alter role {Roles.Coordinator} set synchronous_commit = off");
        await using var source = NpgsqlDataSource.Create(Roles.CoordinatorConnectionString + ";Pooling=false");

        Has(await TargetCheck.RunAsync(source, new(), default), "SYNCHRONOUS_COMMIT_OFF", FindingSeverity.Warning);
    }

    [Fact]
    public async Task A_prepared_transaction_is_a_warning()
    {
        var name = Target.Database.Name;
        await using (var connection = await Target.Application.OpenConnectionAsync())
        await using (var batch = connection.CreateBatch())
        {
            foreach (var statement in (string[])["begin", "insert into public.review values (5)", $"prepare transaction '{name}'"])
            {
                batch.BatchCommands.Add(new NpgsqlBatchCommand(statement));
            }

            await batch.ExecuteNonQueryAsync();
        }

        try
        {
            Has(await RunAsync(), "PREPARED_TRANSACTION", FindingSeverity.Warning);
        }
        finally
        {
            await Target.Database.ExecuteAsync($"rollback prepared '{name}'");
        }
    }

    [Fact]
    public async Task The_schemas_version_is_compared()
    {
        await Target.Database.ExecuteAsync("insert into coordinator.target_schema_version values (9999, now())");
        Has(await RunAsync(), "SCHEMA_VERSION", FindingSeverity.Warning);

        await Target.Database.ExecuteAsync(
            $"delete from coordinator.target_schema_version where version >= {TargetSchema.LatestVersion}");
        Has(await RunAsync(), "SCHEMA_VERSION", FindingSeverity.Warning);
    }

    [Fact]
    public async Task A_schema_that_is_not_there_must_be_creatable()
    {
        await Target.Database.ExecuteAsync("drop schema coordinator cascade");
        Has(await RunAsync(), "SCHEMA", FindingSeverity.Ok);

        await Target.Database.ExecuteAsync($"revoke create on database {Target.Database.Name} from {Roles.Coordinator}");
        Has(await RunAsync(), "SCHEMA_CANNOT_BE_CREATED", FindingSeverity.Error);
    }

    [Fact]
    public async Task Every_complaint_says_what_to_do()
    {
        await Target.Database.ExecuteAsync($"revoke pg_monitor from {Roles.Coordinator}; alter role {Roles.Worker} superuser");

        var complaints = (await RunAsync(workers: [Roles.Worker, "nobody"])).Where(finding => finding.Severity != FindingSeverity.Ok).ToArray();

        Assert.True(complaints.Length >= 3);
        Assert.All(complaints, finding => Assert.NotEmpty(finding.Remedy));
    }

    private Task<IReadOnlyList<TargetFinding>> RunAsync(
        IReadOnlyList<TableName>? tables = null, IReadOnlyList<string>? workers = null) =>
        TargetCheck.RunAsync(
            Target.Coordinator,
            new TargetCheckOptions { Tables = tables ?? [Review], WorkerRoles = workers ?? [Roles.Worker] },
            CancellationToken.None);

    private static void Has(IReadOnlyList<TargetFinding> findings, string code, FindingSeverity severity) =>
        Assert.Single(findings, finding => finding.Code == code && finding.Severity == severity);
}
