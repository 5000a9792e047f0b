using Coordinator.Cli;
using Coordinator.Cli.Invocation;

using var interruption = new Interruption();
return await CoordinatorCommand.InvokeAsync(args, CommandEnvironment.OfProcess(interruption), interruption.Token);
