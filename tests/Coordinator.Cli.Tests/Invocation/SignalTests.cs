using System.Diagnostics;
using System.Globalization;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Tests.Hosting;
using Coordinator.Testing;
using Coordinator.V1;
using Verdict = Coordinator.V1.Readiness.Types.Verdict;

namespace Coordinator.Cli.Tests.Invocation;

/// <summary>Real signals to a real process.</summary>
public class SignalTests : FakeCoordinatorTest
{
    [Theory]
    [InlineData("INT", ExitCode.Interrupted)]
    [InlineData("TERM", ExitCode.Terminated)]
    public async Task A_signal_during_a_wait_changes_nothing_and_has_its_exit_code(string signal, int exitCode)
    {
        Answers.OnStream<WatchRequest, WatchResponse>(new WatchResponse { Readiness = Samples.Verdict(Verdict.Wait) });
        using var process = Start("ready", "deploy", "shop-api", "42", "--wait", "--address", Server.Address);
        try
        {
            await Eventually.TrueAsync(() => Task.FromResult(!Answers.Requests.IsEmpty), "the process waits");

            using var kill = Process.Start("kill", ["-s", signal, process.Id.ToString(CultureInfo.InvariantCulture)]);
            await process.WaitForExitAsync().WaitAsync(Eventually.DefaultBound);

            Assert.Equal(exitCode, process.ExitCode);
            Assert.IsType<WatchRequest>(Assert.Single(Answers.Requests));
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    private static Process Start(params string[] arguments)
    {
        // A test run in the background of a script has SIGINT ignored, and what it starts would inherit that.
        string[] command = ["dotnet", typeof(CoordinatorCommand).Assembly.Location, .. arguments];
        var start = new ProcessStartInfo(
            OperatingSystem.IsLinux() ? "env" : command[0],
            OperatingSystem.IsLinux() ? ["--default-signal=INT,TERM", .. command] : command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start) ?? throw new InvalidOperationException("The command did not start.");
    }
}
