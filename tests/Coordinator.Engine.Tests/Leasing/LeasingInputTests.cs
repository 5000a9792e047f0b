using Coordinator.Domain;
using Coordinator.Engine.Leasing;

namespace Coordinator.Engine.Tests.Leasing;

public sealed class LeasingInputTests(CoordinationFixture fixture) : IClassFixture<CoordinationFixture>
{
    private static readonly LeaseToken Token = new("m", "main", "step", 1, 1, Guid.NewGuid());

    private readonly BatchLeasing _leasing = new(fixture.Coordination, fixture.Options);

    public static TheoryData<string> BadTexts() => [.. (string[])["", "\0", "nul\0", "ä", "a\nb", new string('a', 10_240)]];

    [Theory]
    [MemberData(nameof(BadTexts))]
    public async Task A_worker_without_a_proper_id_is_refused_everywhere(string worker)
    {
        await RefusedAsync("INVALID_WORKER", () => AcquireAsync(worker: worker));
        await RefusedAsync("INVALID_WORKER", () => _leasing.RenewAsync(worker, [Token], CancellationToken.None));
        await RefusedAsync("INVALID_WORKER", () => _leasing.CompleteAsync(worker, [new(Token, 1, 1, "1")], CancellationToken.None));
        await RefusedAsync("INVALID_WORKER", () => _leasing.ReleaseAsync(worker, [new(Token, "R", "", "", 0)], CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(BadTexts))]
    public async Task A_token_that_was_never_granted_is_refused_everywhere(string text)
    {
        foreach (var token in (LeaseToken[])[Token with { Migration = text }, Token with { Shard = text }, Token with { Step = text }])
        {
            await RefusedAsync("INVALID_LEASE_TOKEN", () => _leasing.RenewAsync("w", [token], CancellationToken.None));
            await RefusedAsync("INVALID_LEASE_TOKEN", () => _leasing.CompleteAsync("w", [new(token, 1, 1, "1")], CancellationToken.None));
            await RefusedAsync("INVALID_LEASE_TOKEN", () => _leasing.ReleaseAsync("w", [new(token, "R", "", "", 0)], CancellationToken.None));
        }
    }

    [Fact]
    public async Task A_request_for_batches_is_checked()
    {
        await RefusedAsync("INVALID_BATCH_COUNT", () => AcquireAsync(max: 0));
        await RefusedAsync("INVALID_BATCH_COUNT", () => AcquireAsync(max: -1));
        await RefusedAsync("INVALID_BATCH_COUNT", () => AcquireAsync(max: 101));
        await RefusedAsync("INVALID_REQUEST_ID", () => AcquireAsync(requestId: Guid.Empty));
        await RefusedAsync("INVALID_TARGET", () => AcquireAsync(targets: []));
        await RefusedAsync("INVALID_TARGET", () => AcquireAsync(targets: ["shop", "nul\0"]));
        await RefusedAsync("INVALID_TARGET", () => AcquireAsync(targets: [new string('a', 10_240)]));
        await RefusedAsync("INVALID_MIGRATION", () => AcquireAsync(migration: "m'; drop table x"));
        await RefusedAsync("INVALID_LEASE_TOKEN", () => _leasing.RenewAsync("w", [.. Enumerable.Repeat(Token, 10_001)], CancellationToken.None));
    }

    [Fact]
    public async Task Empty_reports_are_fine()
    {
        Assert.Empty(await _leasing.RenewAsync("w", [], CancellationToken.None));
        await _leasing.CompleteAsync("w", [], CancellationToken.None);
        await _leasing.ReleaseAsync("w", [], CancellationToken.None);
    }

    [Fact]
    public async Task Whatever_a_failure_says_is_stored_within_bounds()
    {
        var backfills = new BackfillFixture(fixture);
        await backfills.StartAsync(BackfillFixture.Pass("texts", 1, 1));
        var batch = Assert.Single(await backfills.AcquireAsync("texts", 1));

        await _leasing.ReleaseAsync(
            "w", [new(batch.Token, "R\0", "23514-and-more", new string('ü', 10_240) + "\0", -5)], CancellationToken.None);

        var failure = (await backfills.ProgressAsync("texts")).LastFailure!;
        Assert.StartsWith("R (23514): üü", failure, StringComparison.Ordinal);
        Assert.InRange(failure.Length, 100, 2200);
    }

    private Task<IReadOnlyList<GrantedBatch>> AcquireAsync(
        string worker = "w", string[]? targets = null, int max = 1, Guid? requestId = null, string? migration = null) =>
        _leasing.AcquireAsync(worker, targets ?? ["shop"], max, requestId ?? Guid.NewGuid(), migration, CancellationToken.None);

    private static async Task RefusedAsync(string code, Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<EngineException>(call);
        Assert.Equal((code, RejectionKind.InvalidArgument), (refused.Rejection.Code, refused.Rejection.Kind));
        Assert.InRange(refused.Rejection.Message.Length, 1, 300);
    }
}
