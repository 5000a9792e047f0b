using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator instances attest-gone APP INSTANCE</c></summary>
internal static class AttestGoneCommand
{
    private const string Epilogue = """
        Your word opens the gate: if the process is in fact only paused or cut off, it may break when the old structure is
        dropped. Look at the process itself (the pod, the machine), not at its silence. The history records you and the
        reason.

        Example:
          coordinator instances attest-gone shop-api 7f3a --reason "node k8s-12 was destroyed, INC-4711"
        """;

    public static Command Create(CommandRunner runner)
    {
        var application = new Argument<string>("APP") { Description = "The application's name." };
        var instance = new Argument<string>("INSTANCE") { Description = "The instance's id, as 'coordinator instances' shows it." };
        var reason = new Option<string>("--reason")
        {
            Description = "How you know that the process has ended.",
            HelpName = "TEXT",
            Required = true,
        };
        var command = new Command("attest-gone", "Vouch that an instance has ended for good, so that nothing waits for it.")
        {
            application, instance, reason,
        };
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            var request = new AttestInstanceGoneRequest
            {
                Application = context.Get(application),
                Instance = context.Get(instance),
                Reason = context.Get(reason) ?? "",
                RequestId = context.RequestId,
            };
            var response = await context.Client.Applications.AttestInstanceGoneAsync(request, context.Mutation(cancellationToken));
            context.Results.Write(response, (writer, palette) =>
                InstancesCommand.WriteTable(writer, palette, [response.Instance]));
            return ExitCode.Done;
        });
    }
}
