using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.Cli.Output;
using Coordinator.V1;
using InstanceState = Coordinator.V1.Instance.Types.State;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator instances [APP]</c></summary>
internal static class InstancesCommand
{
    private const int PageSize = 1000;

    private const string Epilogue = """
        An instance whose heartbeats stopped is 'suspected': it may be paused, not gone, and it still counts. Stop it in an
        orderly way, or, when you know that its process has ended, say so with 'coordinator instances attest-gone'.

        Examples:
          coordinator instances                 all that count
          coordinator instances shop-api --all  of one application, also those that have left
          coordinator instances attest-gone shop-api 7f3a --reason "node k8s-12 was destroyed, INC-4711"
        """;

    public static Command Create(CommandRunner runner)
    {
        var application = new Argument<string?>("APP")
        {
            Description = "The application's name; without it all applications.",
            Arity = ArgumentArity.ZeroOrOne,
            DefaultValueFactory = static _ => null,
        };
        var all = new Option<bool>("--all") { Description = "Also instances that have left." };
        var command = new Command("instances", "Which versions of which applications are running.")
        {
            application, all, AttestGoneCommand.Create(runner),
        };
        return runner.Bind(command, Epilogue, (context, cancellationToken) =>
            ListAsync(context, context.GetOptional(application) ?? "", context.Get(all), cancellationToken));
    }

    public static void WriteTable(TextWriter writer, Palette palette, IEnumerable<Instance> instances)
    {
        var table = new TextTable("APPLICATION", "INSTANCE", "VERSION", "APP VERSION", "STATE", "LAST SEEN", "SINCE");
        foreach (var instance in instances)
        {
            Func<string, string> paint = instance.State switch
            {
                InstanceState.Live => palette.Green,
                InstanceState.Suspected => palette.Red,
                _ => palette.Dim,
            };
            table.Add(
                ResourceName.ApplicationOf(instance.Name),
                ResourceName.After("/instances/", instance.Name),
                NumberText.Version(instance.SchemaVersion),
                instance.AppVersion,
                new Cell(EnumText.Of(instance.State), paint),
                TimeText.Of(instance.LastSeenTime),
                TimeText.Of(instance.CreateTime));
        }

        table.Write(writer, palette);
    }

    private static async Task<int> ListAsync(
        CommandContext context, string application, bool all, CancellationToken cancellationToken)
    {
        var found = new ListInstancesResponse();
        var request = new ListInstancesRequest { Application = application, PageSize = PageSize, IncludeGone = all };
        do
        {
            var page = await context.Client.Applications.ListInstancesAsync(request, context.Query(cancellationToken));
            found.Instances.AddRange(page.Instances);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        context.Results.WriteList(
            found, "instance", found.Instances, (writer, palette) => WriteTable(writer, palette, found.Instances));
        return ExitCode.Done;
    }
}
