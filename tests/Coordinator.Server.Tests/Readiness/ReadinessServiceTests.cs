using Coordinator.Server.Tests.Hosting;
using Coordinator.Testing;
using Grpc.Core;
using Milestone = Coordinator.V1.ReadinessQuestion.Types.MigrationMilestone.Types.Milestone;
using Verdict = Coordinator.V1.Readiness.Types.Verdict;

namespace Coordinator.Server.Tests.Readiness;

/// <summary>Answers to deploy tools.</summary>
public sealed class ReadinessServiceTests(ShopFixture shop) : IClassFixture<ShopFixture>
{
    private readonly V1.ReadinessService.ReadinessServiceClient _client = shop.Server.Readiness;

    [Fact]
    public async Task A_version_of_an_application_without_limits_may_be_deployed()
    {
        var answer = await _client.CheckAsync(new()
        {
            Question = new() { Deploy = new() { Application = "applications/free", SchemaVersion = 3 } },
        });

        Assert.Equal(Verdict.Ready, answer.Readiness.Verdict);
        Assert.Empty(answer.Readiness.Blockers);
    }

    [Fact]
    public async Task A_planned_migration_needs_a_person_and_the_answer_names_what_to_do()
    {
        var name = await PlannedAsync();

        var answer = (await _client.CheckAsync(new() { Question = About(name) })).Readiness;

        Assert.Equal(Verdict.Blocked, answer.Verdict);
        var blocker = Assert.Single(answer.Blockers);
        Assert.Equal("MIGRATION_NOT_STARTED", blocker.Code);
        Assert.NotEmpty(blocker.ClearedBy);
    }

    [Fact]
    public async Task A_watcher_gets_the_verdict_at_once_and_again_when_it_changes()
    {
        var name = await PlannedAsync();
        using var watch = _client.Watch(new() { Question = About(name) });
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal("MIGRATION_NOT_STARTED", Assert.Single(watch.ResponseStream.Current.Readiness.Blockers).Code);

        await shop.Server.Migrations.CancelMigrationAsync(new() { Name = name });

        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.DefaultBound));
        Assert.Equal("MIGRATION_CANCELLED", Assert.Single(watch.ResponseStream.Current.Readiness.Blockers).Code);
    }

    [Fact]
    public async Task What_a_contract_would_break_is_answered_and_watched()
    {
        var name = await PlannedAsync();
        using var watch = _client.Watch(new() { Question = new() { Contract = new() { Migration = name } } });
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        var answer = watch.ResponseStream.Current.Readiness;
        Assert.Equal(Verdict.Blocked, answer.Verdict);
        Assert.Equal("MIGRATION_NOT_STARTED", answer.Blockers[0].Code);
        Assert.Equal("ROLLBACK_LOST", Assert.Single(answer.ContractLosses.Losses_).Code);
        Assert.Null((await _client.CheckAsync(new() { Question = About(name) })).Readiness.ContractLosses);

        await shop.Server.Migrations.CancelMigrationAsync(new() { Name = name });

        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.DefaultBound));
        Assert.Equal("MIGRATION_CANCELLED", Assert.Single(watch.ResponseStream.Current.Readiness.Blockers).Code);
    }

    [Fact]
    public async Task Several_questions_are_answered_and_watched_as_one()
    {
        var name = await PlannedAsync();
        V1.ReadinessQuestion free = new() { Deploy = new() { Application = "applications/free", SchemaVersion = 3 } };

        Assert.Equal(Verdict.Ready, (await _client.CheckAsync(new() { Questions = { free, free } })).Readiness.Verdict);
        using var watch = _client.Watch(new() { Questions = { free, About(name) } });
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        var answer = watch.ResponseStream.Current.Readiness;
        Assert.Equal(Verdict.Blocked, answer.Verdict);
        Assert.Equal(("MIGRATION_NOT_STARTED", $"migration={name}:backfilled"), Named(Assert.Single(answer.Blockers)));
        Assert.False((await _client.CheckAsync(new() { Question = About(name) })).Readiness.Blockers[0].HasQuestion);

        await shop.Server.Migrations.CancelMigrationAsync(new() { Name = name });

        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.DefaultBound));
        Assert.Equal(
            ("MIGRATION_CANCELLED", $"migration={name}:backfilled"), Named(Assert.Single(watch.ResponseStream.Current.Readiness.Blockers)));
    }

    [Fact]
    public async Task Several_questions_that_can_not_be_answered_are_refused()
    {
        V1.ReadinessQuestion free = new() { Deploy = new() { Application = "free", SchemaVersion = 3 } };
        (string Reason, V1.CheckRequest Request)[] requests =
        [
            ("QUESTION_AMBIGUOUS", new() { Question = free, Questions = { free } }),
            ("QUESTION_MISSING", new() { Questions = { free, new V1.ReadinessQuestion() } }),
            ("TOO_MANY_QUESTIONS", new() { Questions = { Enumerable.Repeat(free, 101) } }),
            ("INVALID_SCHEMA_VERSION", new() { Questions = { free, new V1.ReadinessQuestion { Deploy = new() { Application = "free" } } } }),
        ];
        foreach (var (reason, request) in requests)
        {
            Assert.Equal(reason, (await Refusal.OfAsync(_client.CheckAsync(request))).Reason);
        }
    }

    [Fact]
    public async Task Questions_that_can_not_be_answered_are_refused()
    {
        (StatusCode Code, string Reason, V1.ReadinessQuestion? Question)[] questions =
        [
            (StatusCode.InvalidArgument, "QUESTION_MISSING", null),
            (StatusCode.InvalidArgument, "QUESTION_MISSING", new()),
            (StatusCode.InvalidArgument, "MILESTONE_MISSING", new() { Migration = new() { Migration = "x" } }),
            (StatusCode.InvalidArgument, "INVALID_NAME", new() { Migration = new() { Migration = "X", Milestone = Milestone.Expanded } }),
            (StatusCode.NotFound, "MIGRATION_NOT_FOUND", new() { Migration = new() { Migration = "nobody", Milestone = Milestone.Expanded } }),
            (StatusCode.NotFound, "MIGRATION_NOT_FOUND", new() { Contract = new() { Migration = "nobody" } }),
            (StatusCode.InvalidArgument, "INVALID_SCHEMA_VERSION", new() { Deploy = new() { Application = "a" } }),
            (StatusCode.InvalidArgument, "INVALID_APPLICATION", new() { RollBack = new() { Application = "", SchemaVersion = 1 } }),
        ];
        foreach (var (code, reason, question) in questions)
        {
            var refusal = await Refusal.OfAsync(_client.CheckAsync(new() { Question = question }));
            Assert.Equal((code, reason), (refusal.Code, refusal.Reason));
        }
    }

    private static V1.ReadinessQuestion About(string migration) =>
        new() { Migration = new() { Migration = migration, Milestone = Milestone.Backfilled } };

    private static (string Code, string Question) Named(V1.Blocker blocker) => (blocker.Code, blocker.Question);

    private async Task<string> PlannedAsync()
    {
        var name = Specs.NewName();
        await shop.Server.Migrations.PlanMigrationAsync(Specs.Plan(Specs.Rename(name)));
        return name;
    }
}
