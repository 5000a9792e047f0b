using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Health;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Postgres.Tests.Health;

public sealed class SessionWitnessTests : IAsyncLifetime
{
    private static readonly TableName Review = new("public", "review");

    private readonly List<NpgsqlConnection> _connections = [];
    private InstalledTarget? _target;

    private InstalledTarget Target => _target ?? throw new InvalidOperationException("Not initialised.");

    private TargetRoles Roles => Target.Roles;

    public async Task InitializeAsync()
    {
        _target = await InstalledTarget.CreateAsync();
        await _target.ExecuteAsOwnerAsync("create table public.review (id int primary key, comment text)");
        await Roles.OwnerSource.DisposeAsync();
    }

    public async Task DisposeAsync()
    {
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }

        await Target.DisposeAsync();
    }

    [Fact]
    public async Task A_session_is_seen_with_its_label()
    {
        var pid = await ConnectAsync(Roles.Application, "shop-api@41");

        var session = Assert.Single(await SeenAsync("shop-api@41"));

        Assert.Equal((pid, Roles.Application, "idle"), (session.Pid, session.Role, session.State));
        Assert.NotNull(session.IdleFor);
        Assert.InRange(session.BackendStart, DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.MaxValue);
    }

    [Fact]
    public async Task A_session_without_a_label_is_seen_too()
    {
        var pid = await ConnectAsync(Roles.Application, "");

        Assert.Contains(await SeenAsync(), session => session.Pid == pid);
    }

    [Fact]
    public async Task An_ignored_role_is_left_out()
    {
        await ConnectAsync(Roles.Application, "shop-api@41");

        var report = await ReadAsync(ignored: ["postgres", Roles.Application]);

        Assert.True(report.CanSee);
        Assert.DoesNotContain(report.Sessions, session => session.Role == Roles.Application);
    }

    [Fact]
    public async Task Our_own_sessions_are_left_out_by_role_and_label_together()
    {
        await ConnectAsync(Roles.Coordinator, "coordinator driver");
        var unlabelled = await ConnectAsync(Roles.Coordinator, "psql");
        var borrowed = await ConnectAsync(Roles.Application, "coordinator");
        await ConnectAsync(Roles.Worker, "coordinator-worker");

        var own = await SessionWitness.ReadAsync(Target.Coordinator, [Roles.Worker], ["postgres"], [Review], default);

        Assert.Equal(
            new[] { unlabelled, borrowed }.Order(), own.Sessions.Select(session => session.Pid).Order());
    }

    [Fact]
    public async Task Roles_without_any_right_on_the_tables_are_left_out()
    {
        var stranger = Roles.Application + "x";
        await Target.Database.ExecuteAsync($"create role {stranger} login");
        try
        {
            await ConnectAsync(stranger, "stranger");
            Assert.Empty(await SeenAsync("stranger"));

            await Target.Database.ExecuteAsync($"grant select (id) on public.review to {stranger}");
            Assert.Single(await SeenAsync("stranger"));

            await Target.Database.ExecuteAsync($"revoke select (id) on public.review from {stranger}; alter role {stranger} noinherit");
            Assert.Empty(await SeenAsync("stranger"));
            await Target.Database.ExecuteAsync($"grant {Roles.Application} to {stranger}");
            Assert.Single(await SeenAsync("stranger"));
        }
        finally
        {
            await DisconnectAsync();
            await Target.Database.ExecuteAsync($"drop role {stranger}");
        }
    }

    [Fact]
    public async Task Superusers_are_seen_unless_ignored()
    {
        var report = await ReadAsync(ignored: []);

        Assert.Contains(report.Sessions, session => session.Role == "postgres");
    }

    [Fact]
    public async Task Sessions_of_other_databases_are_left_out()
    {
        await using var other = await TestDatabase.CreateAsync();
        await using var connection = new NpgsqlConnection(other.ConnectionStringFor(Roles.Application, "elsewhere"));
        await connection.OpenAsync();

        Assert.Empty(await SeenAsync("elsewhere"));
    }

    [Fact]
    public async Task Without_the_right_to_see_sessions_nothing_is_claimed()
    {
        await ConnectAsync(Roles.Application, "shop-api@41");
        await Target.Database.ExecuteAsync($"revoke pg_monitor from {Roles.Coordinator}");

        var report = await ReadAsync(ignored: ["postgres"]);

        Assert.False(report.CanSee);
        Assert.Contains("pg_monitor", report.WhyNot, StringComparison.Ordinal);
        Assert.Empty(report.Sessions);
    }

    [Fact]
    public async Task Without_the_table_nothing_is_claimed()
    {
        var report = await SessionWitness.ReadAsync(Target.Coordinator, ["postgres"], [Review, new("public", "gone")], default);

        Assert.False(report.CanSee);
        Assert.Contains("public.gone", report.WhyNot, StringComparison.Ordinal);
    }

    private async Task<IReadOnlyList<WitnessedSession>> SeenAsync(string? label = null)
    {
        var report = await ReadAsync(ignored: ["postgres"]);
        Assert.True(report.CanSee, report.WhyNot);
        return [.. report.Sessions.Where(session => label is null || session.ApplicationName == label)];
    }

    private Task<WitnessReport> ReadAsync(IReadOnlyList<string> ignored) =>
        SessionWitness.ReadAsync(Target.Coordinator, ignored, [Review], CancellationToken.None);

    private async Task<int> ConnectAsync(string role, string label)
    {
        var connection = new NpgsqlConnection(Target.Database.ConnectionStringFor(role, label) + ";Pooling=false");
        _connections.Add(connection);
        await connection.OpenAsync();
        return connection.ProcessID;
    }

    private async Task DisconnectAsync()
    {
        foreach (var connection in _connections)
        {
            await connection.CloseAsync();
        }
    }
}
