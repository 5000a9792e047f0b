using Coordinator.Domain;
using Coordinator.Engine;
using Coordinator.Postgres.Ledger;
using Coordinator.Server.Errors;
using Google.Rpc;
using Grpc.Core;
using Npgsql;

namespace Coordinator.Server.Tests.Errors;

/// <summary>What each kind of failure is to a caller.</summary>
public class ErrorTableTests
{
    [Theory]
    [InlineData(RejectionKind.FailedPrecondition, StatusCode.FailedPrecondition)]
    [InlineData(RejectionKind.InvalidArgument, StatusCode.InvalidArgument)]
    [InlineData(RejectionKind.NotFound, StatusCode.NotFound)]
    [InlineData(RejectionKind.AlreadyExists, StatusCode.AlreadyExists)]
    [InlineData(RejectionKind.Aborted, StatusCode.Aborted)]
    public void A_refusal_keeps_its_reason_its_text_and_its_values(RejectionKind kind, StatusCode code)
    {
        var error = ErrorTable.Find(new EngineException(new Rejection(
            "SOME_REASON", "What is.", "What to do.", new Dictionary<string, string> { ["migration"] = "m" }, kind)))!;
        var exception = ErrorTrailer.ToException(error);
        var refusal = Hosting.Refusal.Read(exception);

        Assert.Equal(code, refusal.Code);
        Assert.Equal("What is. What to do.", refusal.Text);
        Assert.Equal(("SOME_REASON", "What to do.", "m"), (refusal.Reason, refusal.Remedy, refusal.Info.Metadata["migration"]));
        Assert.Equal(code == StatusCode.FailedPrecondition, refusal.Precondition is not null);
        Assert.Equal(code == StatusCode.Aborted, refusal.Retry is not null);
    }

    [Fact]
    public void Infrastructure_that_is_away_is_unavailable_and_comes_with_a_delay()
    {
        Exception[] away =
        [
            new NpgsqlException("no connection", new IOException()),
            new PostgresException("stopping", "FATAL", "FATAL", PostgresErrorCodes.AdminShutdown),
            new PostgresException("starting", "FATAL", "FATAL", PostgresErrorCodes.CannotConnectNow),
            new PostgresException("broken", "FATAL", "FATAL", "08006"),
        ];
        foreach (var exception in away)
        {
            var error = ErrorTable.Find(exception)!;
            Assert.Equal((StatusCode.Unavailable, "COORDINATION_DATABASE_UNAVAILABLE"), (error.Code, error.Reason));
            Assert.NotNull(error.RetryDelay);
        }
    }

    [Fact]
    public void A_target_of_another_coordinator_is_a_failed_precondition()
    {
        var error = ErrorTable.Find(new FenceException("Migration 'm' is run by another coordinator."))!;

        Assert.Equal((StatusCode.FailedPrecondition, "TARGET_OWNED_BY_ANOTHER"), (error.Code, error.Reason));
    }

    [Theory]
    [InlineData(PostgresErrorCodes.SerializationFailure)]
    [InlineData(PostgresErrorCodes.DeadlockDetected)]
    public void A_conflict_in_the_database_may_be_tried_again(string state) => Assert.Equal(
        (StatusCode.Aborted, "CONFLICT"),
        ErrorTable.Find(new PostgresException("x", "ERROR", "ERROR", state)) is { } error ? (error.Code, error.Reason) : default);

    [Fact]
    public void What_nobody_foresaw_is_not_in_the_table_and_its_text_says_nothing_of_it()
    {
        var secret = new InvalidOperationException("Password=hunter2");

        Assert.Null(ErrorTable.Find(secret));
        Assert.Null(ErrorTable.Find(new PostgresException("x", "ERROR", "ERROR", PostgresErrorCodes.UniqueViolation)));
        var refusal = Hosting.Refusal.Read(ErrorTrailer.ToException(ErrorTable.Internal("abc")));
        Assert.Equal(StatusCode.Internal, refusal.Code);
        Assert.Contains("abc", refusal.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("short", 10, "short")]
    [InlineData("exactly ten", 10, "exactly…")]
    [InlineData("ÄÖÜÄÖÜ", 9, "ÄÖÜ…")]
    [InlineData("😀😀", 7, "😀…")]
    public void Texts_are_cut_between_characters(string text, int bytes, string expected) =>
        Assert.Equal(expected, BoundedText.Cut(text, bytes));

    [Fact]
    public void An_error_with_everything_stays_below_what_clients_take_as_headers()
    {
        var huge = new string('€', 100_000);
        var error = new CallError(StatusCode.FailedPrecondition, "HUGE", huge, huge)
        {
            Metadata = Enumerable.Range(0, 100).ToDictionary(i => $"key{i}", _ => huge),
            Fields = [.. Enumerable.Range(0, 1000).Select(_ => new FieldProblem(huge, "REASON", huge))],
            RetryDelay = TimeSpan.FromSeconds(1),
        };

        var exception = ErrorTrailer.ToException(error);

        // Base64 makes 4 bytes of 3, percent-encoding 3 of 1; 16 KB is where gRPC's C core gives up.
        var details = exception.Trailers.Single().ValueBytes.Length * 4 / 3;
        Assert.InRange(details + (3 * System.Text.Encoding.UTF8.GetByteCount(exception.Status.Detail)), 1, 16 * 1024);
        Assert.Equal("HUGE", Google.Rpc.Status.Parser.ParseFrom(exception.Trailers.Single().ValueBytes).Details[0].Unpack<ErrorInfo>().Reason);
    }
}
