using Coordinator.Cli.Invocation;
using Coordinator.Cli.Tests.Hosting;
using Coordinator.V1;
using InstanceState = Coordinator.V1.Instance.Types.State;

namespace Coordinator.Cli.Tests.Commands;

/// <summary>The commands about applications and their instances.</summary>
public class ApplicationCommandTests : FakeCoordinatorTest
{
    [Fact]
    public async Task Instances_show_what_runs_where()
    {
        Answers.On<ListInstancesRequest, ListInstancesResponse>(static request => request.PageToken.Length == 0
            ? new() { Instances = { Samples.Instance("7f", 41, InstanceState.Live) }, NextPageToken = "more" }
            : new() { Instances = { Samples.Instance("pod/b", 42, InstanceState.Suspected) } });

        var result = await Server.RunAsync("instances", "shop-api", "--all");

        Assert.Equal(
            """
            APPLICATION  INSTANCE  VERSION  APP VERSION  STATE      LAST SEEN             SINCE
            shop-api     7f        41       1.41.0       live       2026-03-01 09:30:00Z  2026-03-01 08:30:00Z
            shop-api     pod/b     42       1.42.0       suspected  2026-03-01 09:30:00Z  2026-03-01 08:30:00Z

            """,
            result.Output);
        Assert.All(Answers.Asked<ListInstancesRequest>(), static request =>
        {
            Assert.Equal("shop-api", request.Application);
            Assert.True(request.IncludeGone);
        });
    }

    [Fact]
    public async Task Vouching_for_an_end_needs_a_reason_and_sends_it()
    {
        Answers.On<AttestInstanceGoneRequest, AttestInstanceGoneResponse>(
            static _ => new() { Instance = Samples.Instance("7f", 41, InstanceState.AttestedGone) });

        var without = await Server.RunAsync("instances", "attest-gone", "shop-api", "7f");
        var with = await Server.RunAsync("instances", "attest-gone", "shop-api", "7f", "--reason", "node destroyed");

        Assert.Equal((ExitCode.Usage, ExitCode.Done), (without.ExitCode, with.ExitCode));
        var request = Assert.Single(Answers.Asked<AttestInstanceGoneRequest>());
        Assert.Equal(("shop-api", "7f", "node destroyed"), (request.Application, request.Instance, request.Reason));
        Assert.True(Guid.TryParse(request.RequestId, out _));
        Assert.Contains("attested gone", with.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--count 8", ExpectedPopulation.KindOneofCase.Count)]
    [InlineData("--count 0", ExpectedPopulation.KindOneofCase.Count)]
    [InlineData("--observed", ExpectedPopulation.KindOneofCase.Observed)]
    [InlineData("--none", ExpectedPopulation.KindOneofCase.None_)]
    public async Task An_expectation_is_one_of_three(string flags, ExpectedPopulation.KindOneofCase kind)
    {
        AnswerExpectations();

        var result = await Server.RunAsync(["application", "expect", "shop-api", .. flags.Split(' ')]);

        Assert.Equal(ExitCode.Done, result.ExitCode);
        Assert.Equal(kind, Assert.Single(Answers.Asked<SetExpectedPopulationRequest>()).ExpectedPopulation.KindCase);
    }

    [Theory]
    [InlineData("")]
    [InlineData("--count 8 --none")]
    [InlineData("--observed --none")]
    public async Task No_expectation_or_two_are_a_mistake(string flags)
    {
        AnswerExpectations();

        var result = await Server.RunAsync(
            ["application", "expect", "shop-api", .. flags.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Contains("exactly one of --count N, --observed and --none", result.Error, StringComparison.Ordinal);
        Assert.Empty(Answers.Requests);
    }

    [Fact]
    public async Task An_application_shows_which_versions_may_start()
    {
        Answers.On<GetApplicationRequest, GetApplicationResponse>(static _ => new()
        {
            Application = new() { Name = "applications/shop-api", Floor = 41, Ceiling = 43 },
        });

        var result = await Server.RunAsync("application", "show", "shop-api");

        Assert.Equal(
            """
            application              shop-api
            versions that may start  41 and above, below 43
            expected instances       not set: no contract can run (coordinator application expect)

            """,
            result.Output);
    }

    private void AnswerExpectations() => Answers.On<SetExpectedPopulationRequest, SetExpectedPopulationResponse>(
        static request => new()
        {
            Application = new() { Name = "applications/shop-api", ExpectedPopulation = request.ExpectedPopulation },
        });
}
