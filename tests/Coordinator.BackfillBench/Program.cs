using Coordinator.BackfillBench;

if (BenchOptions.Parse(args) is not { } options)
{
    Report.Meanwhile(BenchOptions.Usage);
    return 2;
}

return await BenchProgram.RunAsync(async () =>
{
    await using var cluster = await BenchCluster.StartAsync();
    await Suites.RunAsync(cluster, options);
});
