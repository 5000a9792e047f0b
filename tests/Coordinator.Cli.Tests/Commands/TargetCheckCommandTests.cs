using Coordinator.Cli.Invocation;
using Coordinator.Cli.Tests.Hosting;
using Coordinator.V1;
using Severity = Coordinator.V1.TargetFinding.Types.Severity;

namespace Coordinator.Cli.Tests.Commands;

public class TargetCheckCommandTests : FakeCoordinatorTest
{
    [Theory]
    [InlineData(Severity.Ok, ExitCode.Done)]
    [InlineData(Severity.Warning, ExitCode.Done)]
    [InlineData(Severity.Error, ExitCode.Blocked)]
    public async Task Only_an_error_stands_in_the_way(Severity severity, int exitCode)
    {
        Findings(severity);

        Assert.Equal(exitCode, (await Server.RunAsync("target", "check", "shop")).ExitCode);
    }

    [Fact]
    public async Task A_finding_says_what_to_do()
    {
        Findings(Severity.Ok, Severity.Error);

        var result = await Server.RunAsync("target", "check", "shop", "--table", "review", "--table", "sales.order");

        Assert.Equal(
            """
                   SHARD  CODE     WHAT WAS FOUND
            ok     main   RIGHT_0  the right 0
            ERROR  main   RIGHT_1  the right 1

            RIGHT_1, what to do: grant it

            """,
            result.Output);
        Assert.Equal(["review", "sales.order"], Assert.Single(Answers.Asked<CheckTargetRequest>()).Tables);
    }

    [Fact]
    public async Task The_sql_of_strict_mode_is_printed_alone()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "migration: rename\n");
        Answers.On<CheckTargetRequest, CheckTargetResponse>(static _ => new()
        {
            SetupScripts = { new SetupScript { Shard = "main", Sql = "alter role \"coord\" createrole;\n" } },
        });

        var result = await Server.RunAsync("target", "check", "shop", "--spec", file, "--sql");
        var without = await Server.RunAsync("target", "check", "shop", "--sql");

        File.Delete(file);
        Assert.Equal("-- shard main\nalter role \"coord\" createrole;\n", result.Output);
        Assert.Equal((ExitCode.Done, ExitCode.Usage), (result.ExitCode, without.ExitCode));
        Assert.Equal("migration: rename\n", Assert.Single(Answers.Asked<CheckTargetRequest>()).Yaml);
    }

    private void Findings(params Severity[] severities) => Answers.On<CheckTargetRequest, CheckTargetResponse>(_ => new()
    {
        Findings =
        {
            severities.Select(static (severity, index) => new TargetFinding
            {
                Severity = severity,
                Shard = "main",
                Code = $"RIGHT_{index}",
                Message = $"the right {index}",
                Remedy = "grant it",
            }),
        },
    });
}
