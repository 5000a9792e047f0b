using System.Text.Json.Nodes;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Tests.Hosting;
using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Cli.Tests.Invocation;

/// <summary>How failures look, and the exit code of each.</summary>
public class ErrorTests : FakeCoordinatorTest
{
    [Theory]
    [InlineData(StatusCode.InvalidArgument, "NAME_INVALID", ExitCode.Usage)]
    [InlineData(StatusCode.NotFound, "MIGRATION_NOT_FOUND", ExitCode.NotFound)]
    [InlineData(StatusCode.FailedPrecondition, "STEP_FAILED", ExitCode.Conflict)]
    [InlineData(StatusCode.AlreadyExists, "MIGRATION_EXISTS", ExitCode.Conflict)]
    [InlineData(StatusCode.Aborted, "CONFLICT", ExitCode.Conflict)]
    [InlineData(StatusCode.Unauthenticated, "TOKEN_MISSING", ExitCode.Denied)]
    [InlineData(StatusCode.PermissionDenied, "ROLE_TOO_LOW", ExitCode.Denied)]
    [InlineData(StatusCode.ResourceExhausted, "TOO_MANY_REQUESTS", ExitCode.Temporary)]
    [InlineData(StatusCode.Unavailable, "TARGET_UNAVAILABLE", ExitCode.Temporary)]
    [InlineData(StatusCode.DeadlineExceeded, "DEADLINE_EXCEEDED", ExitCode.Temporary)]
    [InlineData(StatusCode.Internal, "INTERNAL", ExitCode.Unexpected)]
    public async Task Every_kind_of_refusal_has_its_exit_code(StatusCode code, string reason, int exitCode)
    {
        Answers.On<GetMigrationRequest, GetMigrationResponse>(_ => throw ServiceErrors.Of(code, reason, "It is not possible."));

        var result = await Server.RunAsync("status", Samples.Name);

        Assert.Equal(exitCode, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.StartsWith($"error {reason}: ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_says_what_happened_and_what_to_do()
    {
        Answers.On<GetMigrationRequest, GetMigrationResponse>(_ => throw ServiceErrors.NotFound("nope"));

        var result = await Server.RunAsync("status", "nope");

        Assert.Equal(
            """
            error MIGRATION_NOT_FOUND: There is no migration 'nope'.
            what to do: List them with 'coordinator status'.

            """,
            result.Error);
    }

    [Fact]
    public async Task An_error_for_programs_is_an_object_on_stderr()
    {
        Answers.On<GetMigrationRequest, GetMigrationResponse>(_ => throw ServiceErrors.NotFound("nope"));

        var result = await Server.RunAsync("status", "nope", "-o", "json");

        Assert.Equal("", result.Output);
        var error = JsonNode.Parse(result.Error)!["error"]!;
        Assert.Equal("MIGRATION_NOT_FOUND", (string?)error["reason"]);
        Assert.Equal("List them with 'coordinator status'.", (string?)error["remedy"]);
        Assert.Equal(5, (int)error["exitCode"]!);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_unavailable_and_named()
    {
        await Server.StopAsync();

        var result = await new CommandLine().RunAsync("status", "--address", Server.Address);

        Assert.Equal(ExitCode.Unavailable, result.ExitCode);
        Assert.StartsWith($"error UNAVAILABLE: Coordinator was not reached at {Server.Address}: ", result.Error, StringComparison.Ordinal);
        Assert.Contains("COORDINATOR_ADDRESS", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wait_for_a_server_that_was_never_there_does_not_wait()
    {
        await Server.StopAsync();

        var result = await new CommandLine().RunAsync("ready", "deploy", "shop-api", "42", "--wait", "--address", Server.Address);

        Assert.Equal(ExitCode.Unavailable, result.ExitCode);
    }

    [Fact]
    public async Task What_is_no_coordinator_is_said_to_be_none()
    {
        var result = await Server.RunAsync("status", Samples.Name);

        Assert.Equal(ExitCode.Unexpected, result.ExitCode);
        Assert.Contains("is no Coordinator", result.Error, StringComparison.Ordinal);
    }
}
