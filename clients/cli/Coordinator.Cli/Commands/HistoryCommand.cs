using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.Cli.Output;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator history NAME</c></summary>
internal static class HistoryCommand
{
    private const int PageSize = 1000;

    private const string Epilogue = """
        Examples:
          coordinator history rename-balance
          coordinator history rename-balance -o jsonl | jq -r '.event | [.createTime, .actor, .type] | @tsv'
        """;

    public static Command Create(CommandRunner runner)
    {
        var name = MigrationArgument.Create();
        var command = new Command("history", "What happened to a migration and its backfills, oldest first: who did what, when.") { name };
        return runner.Bind(command, Epilogue, (context, cancellationToken) => RunAsync(context, context.Get(name), cancellationToken));
    }

    private static async Task<int> RunAsync(CommandContext context, string name, CancellationToken cancellationToken)
    {
        var all = new ListMigrationEventsResponse();
        var request = new ListMigrationEventsRequest { Name = ResourceName.Migration(name), PageSize = PageSize };
        do
        {
            var page = await context.Client.Migrations.ListMigrationEventsAsync(request, context.Query(cancellationToken));
            all.Events.AddRange(page.Events);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        context.Results.WriteList(all, "event", all.Events, (writer, palette) =>
        {
            var table = new TextTable("NO", "TIME", "EVENT", "BY", "DETAIL");
            foreach (var item in all.Events)
            {
                table.Add(
                    // What happened to a backfill is numbered there.
                    item.Backfill.Length == 0 ? NumberText.Version(item.Version) : "",
                    TimeText.Of(item.CreateTime),
                    item.Type,
                    item.Actor,
                    item.Backfill.Length == 0 ? EventDetail.Of(item.DataJson) : $"{item.Backfill}: {EventDetail.Of(item.DataJson)}");
            }

            table.Write(writer, palette);
        });
        return ExitCode.Done;
    }
}
