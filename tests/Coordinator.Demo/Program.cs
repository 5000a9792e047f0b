using Coordinator.Demo;

if (args is ["instance", .. var own])
{
    return await InstanceProgram.RunAsync(own);
}

var options = DemoOptions.Parse(args);
if (options is null)
{
    await Console.Error.WriteLineAsync(DemoOptions.Usage);
    return 2;
}

using var interrupted = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    interrupted.Cancel();
};

return await new RenameUnderLoad(options, new Transcript(Console.Out)).RunAsync(interrupted.Token) ? 0 : 1;
