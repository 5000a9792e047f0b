using Coordinator.Client.Tests.Hosting;
using Coordinator.V1;
using Grpc.Core;
using Milestone = Coordinator.V1.ReadinessQuestion.Types.MigrationMilestone.Types.Milestone;

namespace Coordinator.Client.Tests;

public sealed class ReadinessTests
{
    [Fact]
    public async Task Each_question_is_asked_as_it_is_meant()
    {
        var service = new FakeReadiness();
        await using var host = await GrpcHost.StartAsync(service);
        using var client = Clients.For(host.Address);

        var answer = await client.CheckDeployAsync("shop-api", 42);
        await client.CheckRollBackAsync("shop-api", 41);
        await client.CheckMilestoneAsync("rename", Milestone.Completed);
        await client.CheckContractAsync("migrations/rename");

        Assert.Equal(Readiness.Types.Verdict.Wait, answer.Verdict);
        Assert.Equal(42, service.Questions[0].Deploy.SchemaVersion);
        Assert.Equal("shop-api", service.Questions[1].RollBack.Application);
        Assert.Equal("migrations/rename", service.Questions[2].Migration.Migration);
        Assert.Equal(Milestone.Completed, service.Questions[2].Migration.Milestone);
        Assert.Equal("migrations/rename", service.Questions[3].Contract.Migration);
    }

    [Fact]
    public async Task Several_questions_go_in_one_call()
    {
        var service = new FakeReadiness();
        await using var host = await GrpcHost.StartAsync(service);
        using var client = Clients.For(host.Address);
        ReadinessQuestion[] questions = [new() { Contract = new() { Migration = "rename" } }, new() { Deploy = new() { Application = "a", SchemaVersion = 2 } }];

        await client.CheckAllAsync(questions);

        Assert.Equal(questions, service.Several);
        Assert.Null(Assert.Single(service.Questions));
    }

    private sealed class FakeReadiness : ReadinessService.ReadinessServiceBase
    {
        public List<ReadinessQuestion> Questions { get; } = [];

        public List<ReadinessQuestion> Several { get; } = [];

        public override Task<CheckResponse> Check(CheckRequest request, ServerCallContext context)
        {
            Questions.Add(request.Question);
            Several.AddRange(request.Questions);
            return Task.FromResult(
                new CheckResponse { Readiness = new Readiness { Verdict = Readiness.Types.Verdict.Wait } });
        }
    }
}
