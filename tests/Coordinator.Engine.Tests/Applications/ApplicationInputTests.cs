using Coordinator.Domain;
using Coordinator.Domain.Applications;
using Coordinator.Engine.Applications;

namespace Coordinator.Engine.Tests.Applications;

public sealed class ApplicationInputTests(CoordinationFixture fixture) : IClassFixture<CoordinationFixture>
{
    private const int Huge = 10_240;

    private readonly InstanceRegistry _registry = new(fixture.Coordination, fixture.Store, fixture.Options);

    public static TheoryData<string, string, long, string, string> BadReports() => new()
    {
        { "", "a", 1, "", "INVALID_APPLICATION" },
        { "Shop", "a", 1, "", "INVALID_APPLICATION" },
        { "läden", "a", 1, "", "INVALID_APPLICATION" },
        { "shop'; drop table x", "a", 1, "", "INVALID_APPLICATION" },
        { "shop\0", "a", 1, "", "INVALID_APPLICATION" },
        { new string('a', Huge), "a", 1, "", "INVALID_APPLICATION" },
        { "shop", "", 1, "", "INVALID_INSTANCE" },
        { "shop", "a b", 1, "", "INVALID_INSTANCE" },
        { "shop", "a/b", 1, "", "INVALID_INSTANCE" },
        { "shop", "pod-ü", 1, "", "INVALID_INSTANCE" },
        { "shop", "pod\0", 1, "", "INVALID_INSTANCE" },
        { "shop", new string('a', Huge), 1, "", "INVALID_INSTANCE" },
        { "shop", "a", 0, "", "INVALID_SCHEMA_VERSION" },
        { "shop", "a", -1, "", "INVALID_SCHEMA_VERSION" },
        { "shop", "a", long.MinValue, "", "INVALID_SCHEMA_VERSION" },
        { "shop", "a", 1, "1.0\0", "INVALID_APP_VERSION" },
        { "shop", "a", 1, new string('a', Huge), "INVALID_APP_VERSION" },
    };

    [Theory]
    [MemberData(nameof(BadReports))]
    public async Task A_bad_report_is_refused_with_what_to_do_and_changes_nothing(
        string application, string instance, long version, string appVersion, string code)
    {
        var refused = await Assert.ThrowsAsync<EngineException>(() => _registry.HeartbeatAsync(
            new InstanceReport(application, instance, version, appVersion), CancellationToken.None));

        AssertInvalid(code, refused);
        Assert.Equal(0, await fixture.Database.ScalarAsync<long>(
            "select (select count(*) from coordinator.instance where application <> 'fine') + (select count(*) from coordinator.application where name <> 'fine')"));
    }

    [Fact]
    public async Task The_largest_good_report_is_stored_as_it_is()
    {
        var instance = new string('~', 200);
        await _registry.HeartbeatAsync(
            new InstanceReport("fine", instance, long.MaxValue, "Größe „1“ 🚀"), CancellationToken.None);

        var row = Assert.Single((await _registry.ListInstancesAsync("fine", false, 0, null, CancellationToken.None)).Items);
        Assert.Equal((instance, long.MaxValue, "Größe „1“ 🚀"), (row.Instance, row.Version, row.AppVersion));
    }

    [Fact]
    public async Task Every_call_checks_its_names()
    {
        var context = new RequestContext("ada");
        await RefusedAsync("INVALID_APPLICATION", () => _registry.LeaveAsync("\0", "a", CancellationToken.None));
        await RefusedAsync("INVALID_INSTANCE", () => _registry.LeaveAsync("shop", "\0", CancellationToken.None));
        await RefusedAsync("INVALID_APPLICATION", () => _registry.CheckStartAsync("\0", 1, CancellationToken.None));
        await RefusedAsync("INVALID_SCHEMA_VERSION", () => _registry.CheckStartAsync("shop", 0, CancellationToken.None));
        await RefusedAsync("INVALID_APPLICATION", () => _registry.AttestGoneAsync("\0", "a", "gone", context, CancellationToken.None));
        await RefusedAsync("INVALID_INSTANCE", () => _registry.AttestGoneAsync("shop", "", "gone", context, CancellationToken.None));
        await RefusedAsync("INVALID_APPLICATION", () => _registry.FindApplicationAsync(new string('a', Huge), CancellationToken.None));
        await RefusedAsync(
            "INVALID_APPLICATION",
            () => _registry.SetPopulationAsync("\0", ExpectedPopulation.None, context, CancellationToken.None));
    }

    [Theory]
    [InlineData("shop\0", 0, "", "INVALID_APPLICATION")]
    [InlineData("", -1, "", "INVALID_PAGE_SIZE")]
    [InlineData("", 0, "%%%", "INVALID_PAGE_TOKEN")]
    [InlineData("", 0, "c2hvcA", "INVALID_PAGE_TOKEN")]
    [InlineData("", 0, "c2hvcC8A", "INVALID_PAGE_TOKEN")]
    public Task A_bad_list_request_is_refused(string application, int size, string token, string code) =>
        RefusedAsync(code, () => _registry.ListInstancesAsync(application, false, size, token, CancellationToken.None));

    [Fact]
    public Task A_page_token_of_ten_kilobytes_is_refused() => RefusedAsync(
        "INVALID_PAGE_TOKEN",
        () => _registry.ListInstancesAsync("", false, 0, new string('a', Huge), CancellationToken.None));

    private static async Task RefusedAsync(string code, Func<Task> call) =>
        AssertInvalid(code, await Assert.ThrowsAsync<EngineException>(call));

    private static void AssertInvalid(string code, EngineException refused)
    {
        Assert.Equal(code, refused.Rejection.Code);
        Assert.Equal(RejectionKind.InvalidArgument, refused.Rejection.Kind);
        Assert.NotEmpty(refused.Rejection.Remedy);
        // What was sent is not echoed: it may be huge, or not printable.
        Assert.InRange(refused.Rejection.Message.Length, 1, 300);
        Assert.DoesNotContain('\0', refused.Rejection.Message);
    }
}
