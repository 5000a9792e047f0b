using System.Diagnostics;

namespace Coordinator.EndToEnd.Tests;

public class DemoTests
{
    [Fact]
    public async Task The_demo_passes_its_own_checks_with_twenty_thousand_rows()
    {
        using var demo = Process.Start(new ProcessStartInfo(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "Coordinator.Demo.dll"), "--rows", "20000"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = demo.StandardOutput.ReadToEndAsync();
        var error = demo.StandardError.ReadToEndAsync();
        await demo.WaitForExitAsync();

        Assert.True(demo.ExitCode == 0, await output + await error);
        Assert.Contains("Every check passed.", await output, StringComparison.Ordinal);
    }
}
