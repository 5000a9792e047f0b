using Coordinator.FleetBench;
using Coordinator.FleetBench.Servers;
using Coordinator.FleetBench.Suites;

if (args is [EchoServer.Verb, var address])
{
    await EchoServer.RunAsync(address);
    return 0;
}

if (FleetOptions.Parse(args) is not { } options)
{
    Report.Meanwhile(FleetOptions.Usage);
    return 2;
}

return await BenchProgram.RunAsync(async () =>
{
    await using var cluster = await FleetCluster.StartAsync();
    foreach (var suite in options.Suites)
    {
        await FleetSuites.RunAsync(suite, cluster, options);
    }
});
