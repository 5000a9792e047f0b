using Coordinator.Server.Security;
using Coordinator.Server.Tests.Hosting;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Coordinator.Server.Tests.Security;

/// <summary>Who may call what, asked over the wire for every method and every role.</summary>
public sealed class AuthorizationTests(KeyedServerFixture keyed) : IClassFixture<KeyedServerFixture>
{
    private static readonly Marshaller<byte[]> Raw = Marshallers.Create(bytes => bytes, bytes => bytes);

    /// <summary>Every method of every service of ours, with the roles that may call it besides admin.</summary>
    private static readonly Dictionary<string, string> Expected = new()
    {
        ["MigrationService/PlanMigration"] = "operator",
        ["MigrationService/StartMigration"] = "operator",
        ["MigrationService/GetMigration"] = "operator",
        ["MigrationService/ListMigrations"] = "operator",
        ["MigrationService/WatchMigration"] = "operator",
        ["MigrationService/PauseMigration"] = "operator",
        ["MigrationService/ResumeMigration"] = "operator",
        ["MigrationService/ApproveMigration"] = "operator",
        ["MigrationService/RetryMigration"] = "operator",
        ["MigrationService/RollBackMigration"] = "operator",
        ["MigrationService/RetireVersions"] = "operator",
        ["MigrationService/UnretireVersions"] = "operator",
        ["MigrationService/VerifyMigration"] = "operator",
        ["MigrationService/CancelMigration"] = "operator",
        ["MigrationService/ListMigrationEvents"] = "operator",
        ["MigrationService/CheckTarget"] = "operator",
        ["BackfillService/GetBackfill"] = "operator",
        ["BackfillService/ListBackfills"] = "operator",
        ["BackfillService/TuneBackfill"] = "operator",
        ["BackfillService/ListQuarantinedRows"] = "operator",
        ["BackfillService/RetryQuarantinedRows"] = "operator",
        ["BackfillService/WaiveQuarantinedRows"] = "operator",
        ["ReadinessService/Check"] = "deployer operator",
        ["ReadinessService/Watch"] = "deployer operator",
        ["WorkerService/AcquireBatches"] = "worker",
        ["WorkerService/RenewLeases"] = "worker",
        ["WorkerService/CompleteBatches"] = "worker",
        ["WorkerService/ReleaseBatches"] = "worker",
        ["ApplicationService/Session"] = "instance",
        ["ApplicationService/Heartbeat"] = "instance",
        ["ApplicationService/Leave"] = "instance operator",
        ["ApplicationService/CheckStart"] = "instance deployer operator",
        ["ApplicationService/GetApplication"] = "operator",
        ["ApplicationService/ListInstances"] = "operator",
        ["ApplicationService/SetExpectedPopulation"] = "operator",
        ["ApplicationService/AttestInstanceGone"] = "operator",
    };

    public static TheoryData<string> Roles => [.. CallerRoles.Names];

    [Fact]
    public void The_table_names_every_method_and_no_other()
    {
        var methods = Methods().Select(method => $"{method.Service.Name}/{method.Name}").Order().ToList();

        Assert.Equal(methods, Expected.Keys.Order());
        Assert.Equal(methods.Select(method => $"/coordinator.v1.{method}"), MethodPolicy.Methods.Order());
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task A_role_may_call_its_methods_and_no_other(string role)
    {
        foreach (var method in Methods())
        {
            var name = $"{method.Service.Name}/{method.Name}";
            var allowed = role == "admin" || Expected[name].Split(' ').Contains(role);

            var exception = await CallAsync(method, KeyedServerFixture.Bearer(role));

            Assert.True(
                allowed == exception?.StatusCode is not (StatusCode.PermissionDenied or StatusCode.Unauthenticated)
                    || exception is not null && Refusal.Read(exception).Reason is "APPLICATION_NOT_ALLOWED",
                $"{role} {name}: {exception?.Status}");
            if (!allowed)
            {
                var refusal = Refusal.Read(exception!);
                Assert.Equal((StatusCode.PermissionDenied, "ROLE_NOT_ALLOWED"), (refusal.Code, refusal.Reason));
                Assert.Contains("admin", refusal.Remedy, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData(null, "CREDENTIALS_MISSING")]
    [InlineData("Bearer wrong-key-wrong-key", "CREDENTIALS_UNKNOWN")]
    [InlineData("Bearer ", "CREDENTIALS_UNKNOWN")]
    [InlineData("Basic b3BlcmF0b3I6", "CREDENTIALS_UNKNOWN")]
    public async Task Nobody_gets_in_without_a_key_that_is_known(string? header, string reason)
    {
        foreach (var method in Methods())
        {
            var headers = header is null ? [] : new Metadata { { "authorization", header } };
            var refusal = Refusal.Read((await CallAsync(method, headers))!);
            Assert.Equal((StatusCode.Unauthenticated, reason), (refusal.Code, refusal.Reason));
        }
    }

    [Fact]
    public async Task Permission_comes_before_existence_and_validity()
    {
        var refusal = await Refusal.OfAsync(keyed.Server.Migrations.GetMigrationAsync(
            new() { Name = "NOT A NAME", }, KeyedServerFixture.Bearer("worker")));

        Assert.Equal("ROLE_NOT_ALLOWED", refusal.Reason);
    }

    [Fact]
    public async Task Health_is_for_everybody() => Assert.Equal(
        Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.Serving, (await keyed.Server.Health.CheckAsync(new() { Service = "liveness" })).Status);

    [Fact]
    public async Task An_instance_speaks_for_its_own_application_only()
    {
        var key = KeyedServerFixture.Bearer("instance");
        var applications = keyed.Server.Applications;
        await applications.HeartbeatAsync(new() { Report = Report(KeyedServerFixture.OwnApplication) }, key);
        using var session = applications.Session(key);
        await session.RequestStream.WriteAsync(new() { Report = Report("other") });
        Func<Task>[] refused =
        [
            () => applications.HeartbeatAsync(new() { Report = Report("other") }, key).ResponseAsync,
            () => applications.HeartbeatAsync(new() { Report = Report("applications/other") }, key).ResponseAsync,
            () => applications.LeaveAsync(new() { Application = "other", Instance = "i" }, key).ResponseAsync,
            () => applications.CheckStartAsync(new() { Application = "other", SchemaVersion = 1 }, key).ResponseAsync,
            () => session.ResponseStream.MoveNext(CancellationToken.None),
        ];
        foreach (var call in refused)
        {
            var refusal = await Refusal.OfAsync(call);
            Assert.Equal((StatusCode.PermissionDenied, "APPLICATION_NOT_ALLOWED"), (refusal.Code, refusal.Reason));
        }
    }

    [Fact]
    public async Task A_worker_works_on_its_own_targets_only()
    {
        var refusal = await Refusal.OfAsync(keyed.Server.Workers.AcquireBatchesAsync(
            new() { Worker = "w", Targets = { KeyedServerFixture.OwnTarget, "other" }, MaxBatchCount = 1 }, KeyedServerFixture.Bearer("worker")));

        Assert.Equal((StatusCode.PermissionDenied, "TARGET_NOT_ALLOWED"), (refusal.Code, refusal.Reason));
        Assert.Equal("other", refusal.Info.Metadata["target"]);
        Assert.Empty((await keyed.Server.Workers.AcquireBatchesAsync(
            new() { Worker = "w", Targets = { KeyedServerFixture.OwnTarget }, MaxBatchCount = 1 }, KeyedServerFixture.Bearer("worker"))).Leases);
    }

    [Fact]
    public async Task What_a_key_does_is_recorded_under_its_name_whatever_the_caller_says()
    {
        var headers = KeyedServerFixture.Bearer("operator");
        headers.Add("x-coordinator-actor", "somebody-else");
        await keyed.Server.Applications.SetExpectedPopulationAsync(
            new() { Application = "recorded", ExpectedPopulation = new() { None = true } }, headers);

        var actor = await keyed.Coordination.ScalarAsync<string>(
            "select user_name from coordinator_events.mt_events where stream_id = 'application-recorded'");

        Assert.Equal(KeyedServerFixture.NameOf("operator"), actor);
    }

    private static V1.InstanceReport Report(string application) => new() { Application = application, Instance = "i", SchemaVersion = 1 };

    private static IEnumerable<MethodDescriptor> Methods() =>
        ((ServiceDescriptor[])[
            V1.MigrationService.Descriptor, V1.BackfillService.Descriptor, V1.ReadinessService.Descriptor,
            V1.WorkerService.Descriptor, V1.ApplicationService.Descriptor,
        ]).SelectMany(service => service.Methods);

    /// <summary>Calls with an empty message; null when it went through.</summary>
    private async Task<RpcException?> CallAsync(MethodDescriptor method, Metadata headers)
    {
        var invoker = keyed.Server.Channel.CreateCallInvoker();
        var options = new CallOptions(headers);
        Method<byte[], byte[]> As(MethodType type) => new(type, method.Service.FullName, method.Name, Raw, Raw);
        try
        {
            if (method.IsClientStreaming)
            {
                using var call = invoker.AsyncDuplexStreamingCall(As(MethodType.DuplexStreaming), null, options);
                await call.RequestStream.CompleteAsync();
                await call.ResponseStream.MoveNext(CancellationToken.None);
            }
            else if (method.IsServerStreaming)
            {
                using var call = invoker.AsyncServerStreamingCall(As(MethodType.ServerStreaming), null, options, []);
                await call.ResponseStream.MoveNext(CancellationToken.None);
            }
            else
            {
                await invoker.AsyncUnaryCall(As(MethodType.Unary), null, options, []);
            }

            return null;
        }
        catch (RpcException exception)
        {
            return exception;
        }
    }
}
