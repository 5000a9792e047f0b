using Coordinator.BackfillBench;

if (BenchOptions.Parse(args) is not { } options)
{
    Report.Meanwhile(BenchOptions.Usage);
    return 2;
}

try
{
    await using var cluster = await BenchCluster.StartAsync();
    await Suites.RunAsync(cluster, options);
    return 0;
}
#pragma warning disable CA1031 // Whatever it was: the server and the processes are stopped before the program ends.
catch (Exception exception)
#pragma warning restore CA1031
{
    Report.Meanwhile(exception.ToString());
    return 1;
}
