using Coordinator.Server.Tests.Hosting;
using Coordinator.Testing;
using Grpc.Core;

namespace Coordinator.Server.Tests.Applications;

/// <summary>Sessions of instances: nothing is acknowledged before it is on disk, and nothing is assumed from an end.</summary>
public sealed class SessionTests(ShopFixture shop) : IClassFixture<ShopFixture>
{
    [Fact]
    public async Task No_session_is_acknowledged_before_its_instance_is_on_disk()
    {
        using var session = shop.Server.Applications.Session();
        await using var blocker = await shop.Coordination.DataSource.OpenConnectionAsync();
        await using var transaction = await blocker.BeginTransactionAsync();
        await using (var hold = blocker.CreateCommand())
        {
            hold.CommandText = "lock table coordinator.instance in share row exclusive mode";
            await hold.ExecuteNonQueryAsync();
        }

        await session.RequestStream.WriteAsync(Report("disk"));
        var acknowledged = session.ResponseStream.MoveNext(CancellationToken.None);
        await Eventually.TrueAsync(
            async () => await shop.Coordination.ScalarAsync<long>(
                "select count(*) from pg_locks where relation = 'coordinator.instance'::regclass and not granted") > 0,
            "the registration waits for the table");
        Assert.False(acknowledged.IsCompleted);

        await transaction.RollbackAsync();

        Assert.True(await acknowledged.WaitAsync(Eventually.DefaultBound));
        Assert.Equal(1, await StoredAsync("disk"));
        Assert.True(session.ResponseStream.Current.LeaseDuration.ToTimeSpan() > session.ResponseStream.Current.HeartbeatInterval.ToTimeSpan());
    }

    [Fact]
    public async Task Later_messages_renew_and_the_end_of_the_stream_says_nothing()
    {
        using (var session = shop.Server.Applications.Session())
        {
            for (var i = 0; i < 3; i++)
            {
                await session.RequestStream.WriteAsync(Report("steady"));
                Assert.True(await session.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.DefaultBound));
            }

            await session.RequestStream.CompleteAsync();
            Assert.False(await session.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Eventually.DefaultBound));
        }

        var instance = await OnlyAsync("steady");
        Assert.Equal(V1.Instance.Types.State.Live, instance.State);
        Assert.Equal("applications/shop-session/instances/steady", instance.Name);

        await shop.Server.Applications.LeaveAsync(new() { Application = "shop-session", Instance = "steady" });
        Assert.Equal(V1.Instance.Types.State.Left, (await OnlyAsync("steady", includeGone: true)).State);
        Assert.DoesNotContain((await shop.Server.Applications.ListInstancesAsync(new() { Application = "shop-session" })).Instances, one => one.Name == instance.Name);
    }

    [Fact]
    public async Task A_session_speaks_for_one_instance()
    {
        using var session = shop.Server.Applications.Session();
        await session.RequestStream.WriteAsync(Report("first"));
        Assert.True(await session.ResponseStream.MoveNext(CancellationToken.None));
        await session.RequestStream.WriteAsync(Report("second"));

        var refusal = await Refusal.OfAsync(() => session.ResponseStream.MoveNext(CancellationToken.None));

        Assert.Equal((StatusCode.InvalidArgument, "SESSION_INSTANCE_CHANGED"), (refusal.Code, refusal.Reason));
        Assert.Equal(0, await StoredAsync("second"));
    }

    [Fact]
    public async Task A_session_with_version_0_is_refused_and_nothing_is_stored()
    {
        using var session = shop.Server.Applications.Session();
        await session.RequestStream.WriteAsync(Report("zero", version: 0));

        var refusal = await Refusal.OfAsync(() => session.ResponseStream.MoveNext(CancellationToken.None));

        Assert.Equal((StatusCode.InvalidArgument, "INVALID_SCHEMA_VERSION"), (refusal.Code, refusal.Reason));
        Assert.Equal(0, await StoredAsync("zero"));
    }

    [Fact]
    public async Task Opening_a_session_and_saying_nothing_is_no_registration()
    {
        using var session = shop.Server.Applications.Session();
        await session.RequestStream.WriteAsync(new V1.SessionRequest());

        var refusal = await Refusal.OfAsync(() => session.ResponseStream.MoveNext(CancellationToken.None));

        Assert.Equal((StatusCode.InvalidArgument, "REPORT_MISSING"), (refusal.Code, refusal.Reason));
    }

    private static V1.SessionRequest Report(string instance, long version = 41) => new()
    {
        Report = new V1.InstanceReport { Application = "shop-session", Instance = instance, SchemaVersion = version, AppVersion = "1.2.3" },
    };

    private Task<long> StoredAsync(string instance) => shop.Coordination.ScalarAsync<long>(
        $"select count(*) from coordinator.instance where application = 'shop-session' and instance = '{instance}'");

    private async Task<V1.Instance> OnlyAsync(string instance, bool includeGone = false)
    {
        var page = await shop.Server.Applications.ListInstancesAsync(new() { Application = "shop-session", IncludeGone = includeGone });
        return page.Instances.Single(one => one.Name.EndsWith("/" + instance, StringComparison.Ordinal));
    }
}
