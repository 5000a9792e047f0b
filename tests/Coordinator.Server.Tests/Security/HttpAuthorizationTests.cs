using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Coordinator.Server.Security;

namespace Coordinator.Server.Tests.Security;

/// <summary>Who may ask over plain HTTP: whoever may ask over gRPC, and nobody else.</summary>
public sealed class HttpAuthorizationTests(KeyedServerFixture keyed) : IClassFixture<KeyedServerFixture>
{
    public static TheoryData<string> Roles => [.. CallerRoles.Names];

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task A_role_may_ask_here_when_it_may_ask_over_grpc(string role)
    {
        var allowed = MethodPolicy.AllowedFor("/coordinator.v1.ReadinessService/Check").Select(CallerRoles.Name).Contains(role);
        foreach (var path in (string[])["readiness/deploy/a/1", "gate/rollback/a/1", "readiness/migration/NOT%20A%20NAME/nothing"])
        {
            var (status, reason) = await AskAsync(path, $"Bearer {KeyedServerFixture.KeyOf(role)}");

            // Permission comes before validity: who may not ask is not told that the question is malformed.
            Assert.Equal(allowed ? null : "ROLE_NOT_ALLOWED", reason is "INVALID_MILESTONE" or "INVALID_NAME" ? null : reason);
            Assert.Equal(!allowed, status == HttpStatusCode.Forbidden);
        }
    }

    [Theory]
    [InlineData(null, "CREDENTIALS_MISSING")]
    [InlineData("Bearer wrong-key-wrong-key", "CREDENTIALS_UNKNOWN")]
    [InlineData("Bearer", "CREDENTIALS_UNKNOWN")]
    [InlineData("Basic", "CREDENTIALS_UNKNOWN")]
    [InlineData("Basic not-base64!", "CREDENTIALS_UNKNOWN")]
    [InlineData("Basic bm8tY29sb24=", "CREDENTIALS_UNKNOWN")]
    [InlineData("Basic b3BlcmF0b3I6", "CREDENTIALS_UNKNOWN")]
    public async Task Nobody_gets_in_without_a_key_that_is_known(string? header, string reason)
    {
        Assert.Equal((HttpStatusCode.Unauthorized, reason), await AskAsync("readiness/deploy/a/1", header));
        Assert.Equal((HttpStatusCode.Unauthorized, reason), await AskAsync("gate/deploy/a/1", header));
    }

    [Fact]
    public async Task A_tool_that_can_only_write_a_url_gives_its_key_as_the_password()
    {
        var pair = Convert.ToBase64String(Encoding.UTF8.GetBytes($"flagger:{KeyedServerFixture.KeyOf("deployer")}"));

        Assert.Equal((HttpStatusCode.OK, null), await AskAsync("gate/deploy/a/1", $"Basic {pair}"));
    }

    private async Task<(HttpStatusCode Status, string? Reason)> AskAsync(string path, string? authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/{path}");
        if (authorization is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        using var response = await keyed.Server.Http.SendAsync(request);
        Assert.Equal(response.StatusCode == HttpStatusCode.Unauthorized, response.Headers.WwwAuthenticate.Count == 1);
        return (response.StatusCode, (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]?["reason"]);
    }
}
