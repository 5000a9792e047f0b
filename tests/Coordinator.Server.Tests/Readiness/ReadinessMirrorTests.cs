using System.Net;
using System.Text.Json.Nodes;
using Coordinator.Server.Tests.Hosting;
using Milestone = Coordinator.V1.ReadinessQuestion.Types.MigrationMilestone.Types.Milestone;
using Verdict = Coordinator.V1.Readiness.Types.Verdict;

namespace Coordinator.Server.Tests.Readiness;

/// <summary>Readiness over plain HTTP, asked as deploy tools ask it.</summary>
public sealed class ReadinessMirrorTests(ShopFixture shop) : IClassFixture<ShopFixture>
{
    private readonly HttpClient _http = shop.Server.Http;

    [Fact]
    public async Task An_answer_has_every_field_under_its_published_name()
    {
        using var response = await _http.GetAsync("/v1/readiness/deploy/free/3");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
        Assert.Null(response.Headers.RetryAfter);
        Assert.Equal(
            """{"schemaVersion":1,"ready":true,"verdict":"READY","retryAfterSeconds":null,"blockers":[]}""",
            await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task The_verdict_follows_every_acknowledged_change_and_is_the_status_of_a_gate()
    {
        // A table of its own: its migration is started, and what it adds is in the way of others' plans.
        await shop.ExecuteAsOwnerAsync("create table verdict (id int primary key, comment text)");
        var name = Specs.NewName();
        await shop.Server.Migrations.PlanMigrationAsync(Specs.Plan(Specs.Rename(name, table: "verdict")));
        await ExpectAsync($"migration/{name}/backfilled", "BLOCKED", HttpStatusCode.Conflict, retryAfter: null);
        await SameAsGrpcAsync($"migration/{name}/backfilled", new() { Migration = new() { Migration = name, Milestone = Milestone.Backfilled } });

        await shop.Server.Migrations.StartMigrationAsync(new() { Name = name });
        await ExpectAsync("deploy/shop-api/42", "WAIT", HttpStatusCode.ServiceUnavailable, retryAfter: 2);
        await ExpectAsync("rollback/shop-api/41", "READY", HttpStatusCode.OK, retryAfter: null);

        // Each change is asked about at once: what was acknowledged is in the next answer.
        for (var round = 0; round < 3; round++)
        {
            await shop.Server.Migrations.PauseMigrationAsync(new() { Name = name, Reason = "test" });
            await ExpectAsync("deploy/shop-api/42", "BLOCKED", HttpStatusCode.Conflict, retryAfter: null);
            await SameAsGrpcAsync("deploy/shop-api/42", new() { Deploy = new() { Application = "shop-api", SchemaVersion = 42 } });
            await SameAsGrpcAsync("rollback/shop-api/42", new() { RollBack = new() { Application = "shop-api", SchemaVersion = 42 } });
            await shop.Server.Migrations.ResumeMigrationAsync(new() { Name = name });
            await ExpectAsync("deploy/shop-api/42", "WAIT", HttpStatusCode.ServiceUnavailable, retryAfter: 2);
        }
    }

    [Fact]
    public async Task A_contract_is_asked_about_like_everything_else_and_its_losses_have_a_field_of_their_own()
    {
        var name = Specs.NewName();
        await shop.Server.Migrations.PlanMigrationAsync(Specs.Plan(Specs.Rename(name)));

        await ExpectAsync($"contract/{name}", "BLOCKED", HttpStatusCode.Conflict, retryAfter: null);
        await SameAsGrpcAsync($"contract/{name}", new() { Contract = new() { Migration = $"migrations/{name}" } });

        var document = JsonNode.Parse(await _http.GetStringAsync($"/v1/readiness/contract/{name}"))!.AsObject();
        Assert.Equal(["schemaVersion", "ready", "verdict", "retryAfterSeconds", "blockers", "losses"], document.Select(field => field.Key));
        Assert.Equal(["code", "subject", "message", "clearedBy"], Assert.Single(document["losses"]!.AsArray())!.AsObject().Select(field => field.Key));
        Assert.Contains("MIGRATION_NOT_STARTED", document["blockers"]!.AsArray().Select(blocker => (string?)blocker!["code"]));
    }

    [Fact]
    public async Task Several_questions_have_the_worst_answer_and_each_blocker_names_its_own()
    {
        var name = Specs.NewName();
        await shop.Server.Migrations.PlanMigrationAsync(Specs.Plan(Specs.Rename(name)));

        await ExpectAsync("?deploy=free:3&rollback=free:2", "READY", HttpStatusCode.OK, retryAfter: null);
        await ExpectAsync($"?deploy=free:3&migration={name}%3Acompleted", "BLOCKED", HttpStatusCode.Conflict, retryAfter: null);

        var document = JsonNode.Parse(await _http.GetStringAsync($"/v1/readiness?migration={name}:completed&deploy=free:3&contract={name}"))!;
        var blockers = document["blockers"]!.AsArray().Select(blocker => ((string)blocker!["code"]!, (string)blocker["question"]!)).ToList();
        Assert.Equal(("MIGRATION_NOT_STARTED", $"migration={name}:completed"), blockers[0]);
        Assert.Equal(("MIGRATION_NOT_STARTED", $"contract={name}"), blockers[1]);
        Assert.Equal($"contract={name}", (string?)Assert.Single(document["losses"]!.AsArray())!["question"]);
        Assert.Null(JsonNode.Parse(await _http.GetStringAsync($"/v1/readiness/migration/{name}/completed"))!["blockers"]![0]!["question"]);
    }

    [Theory]
    [InlineData("GET", "readiness/deploy/shop-api/0", 400, "INVALID_SCHEMA_VERSION")]
    [InlineData("GET", "readiness/deploy/shop-api/-1", 400, "INVALID_SCHEMA_VERSION")]
    [InlineData("GET", "readiness/deploy/shop-api/new", 400, "INVALID_SCHEMA_VERSION")]
    [InlineData("GET", "readiness/rollback/shop-api/99999999999999999999", 400, "INVALID_SCHEMA_VERSION")]
    [InlineData("GET", "readiness/deploy/Shop%20Api/42", 400, "INVALID_APPLICATION")]
    [InlineData("GET", "readiness/deploy/a%22b/42", 400, "INVALID_APPLICATION")]
    [InlineData("GET", "readiness/migration/Rename/expanded", 400, "INVALID_NAME")]
    [InlineData("GET", "readiness/migration/rename/finished", 400, "INVALID_MILESTONE")]
    [InlineData("GET", "readiness/migration/nobody/completed", 404, "MIGRATION_NOT_FOUND")]
    [InlineData("POST", "gate/migration/nobody/completed", 404, "MIGRATION_NOT_FOUND")]
    [InlineData("GET", "readiness/contract/nobody", 404, "MIGRATION_NOT_FOUND")]
    [InlineData("GET", "readiness/contract/Nobody", 400, "INVALID_NAME")]
    [InlineData("GET", "readiness/deploy/shop-api", 404, "PATH_UNKNOWN")]
    [InlineData("GET", "readiness", 400, "QUESTION_MISSING")]
    [InlineData("POST", "gate", 400, "QUESTION_MISSING")]
    [InlineData("POST", "readiness?deploy=shop-api:42", 404, "PATH_UNKNOWN")]
    [InlineData("GET", "readiness?deploy=shop-api", 400, "INVALID_QUESTION")]
    [InlineData("GET", "readiness?deploy=shop-api:42&version=42", 400, "INVALID_QUESTION")]
    [InlineData("GET", "readiness?deploy=shop-api:0", 400, "INVALID_SCHEMA_VERSION")]
    [InlineData("GET", "readiness?deploy=shop-api:x", 400, "INVALID_SCHEMA_VERSION")]
    [InlineData("GET", "readiness?migration=rename:finished", 400, "INVALID_MILESTONE")]
    [InlineData("GET", "readiness?deploy=free:3&contract=nobody", 404, "MIGRATION_NOT_FOUND")]
    [InlineData("POST", "readiness/deploy/shop-api/42", 404, "PATH_UNKNOWN")]
    [InlineData("DELETE", "gate/deploy/shop-api/42", 404, "PATH_UNKNOWN")]
    public async Task A_question_that_can_not_be_answered_says_what_to_do(string method, string path, int status, string reason)
    {
        using var response = await _http.SendAsync(new(new HttpMethod(method), $"/v1/{path}"));

        var error = await ErrorAsync(response);
        Assert.Equal((status, reason), ((int)response.StatusCode, (string?)error["reason"]));
        Assert.Equal(
            ["status", "reason", "message", "remedy", "retryAfterSeconds", "metadata", "fields"], error.Select(field => field.Key));
    }

    [Fact]
    public async Task A_field_that_is_wrong_is_named()
    {
        using var response = await _http.GetAsync("/v1/readiness/migration/rename/finished");

        var field = (await ErrorAsync(response))["fields"]![0]!;
        Assert.Equal(("milestone", "INVALID_MILESTONE"), ((string?)field["field"], (string?)field["reason"]));
        Assert.NotEmpty((string)field["description"]!);
    }

    [Fact]
    public async Task A_gate_takes_the_body_that_a_webhook_sends()
    {
        using var body = new StringContent("""{"name":"shop-api","namespace":"shop","phase":"Progressing"}""");
        using var response = await _http.PostAsync("/v1/gate/deploy/free/3", body);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static async Task<JsonObject> ErrorAsync(HttpResponseMessage response)
    {
        var document = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.Equal(1, (int)document["schemaVersion"]!);
        var error = document["error"]!.AsObject();
        Assert.NotEmpty((string)error["message"]!);
        Assert.NotEmpty((string)error["remedy"]!);
        return error;
    }

    private async Task ExpectAsync(string question, string verdict, HttpStatusCode gate, int? retryAfter)
    {
        var path = question.StartsWith('?') ? question : $"/{question}";
        using var answer = await _http.GetAsync($"/v1/readiness{path}");
        using var asGate = await _http.PostAsync($"/v1/gate{path}", null);

        var document = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Equal((HttpStatusCode.OK, verdict), (answer.StatusCode, (string?)document["verdict"]));
        Assert.Equal((verdict == "READY", retryAfter), ((bool)document["ready"]!, (int?)document["retryAfterSeconds"]));
        Assert.Equal(verdict == "READY", document["blockers"]!.AsArray().Count == 0);
        Assert.Equal(gate, asGate.StatusCode);
        Assert.Equal(verdict, (string?)JsonNode.Parse(await asGate.Content.ReadAsStringAsync())!["verdict"]);
        Assert.All(new[] { answer, asGate }, response => Assert.Equal(retryAfter, response.Headers.RetryAfter?.Delta?.TotalSeconds));
    }

    private async Task SameAsGrpcAsync(string question, V1.ReadinessQuestion asked)
    {
        var expected = (await shop.Server.Readiness.CheckAsync(new() { Question = asked })).Readiness;

        var document = JsonNode.Parse(await _http.GetStringAsync($"/v1/readiness/{question}"))!;

        Assert.Equal(expected.Verdict, Enum.Parse<Verdict>((string)document["verdict"]!, ignoreCase: true));
        Assert.Equal(
            expected.Blockers.Select(blocker => (blocker.Code, blocker.Subject, blocker.Message, blocker.ClearedBy)),
            document["blockers"]!.AsArray().Select(blocker =>
                ((string)blocker!["code"]!, (string)blocker["subject"]!, (string)blocker["message"]!, (string)blocker["clearedBy"]!)));
    }
}
