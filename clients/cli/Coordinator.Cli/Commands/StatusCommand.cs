using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.Cli.Output;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator status [NAME]</c></summary>
internal static class StatusCommand
{
    private const int PageSize = 500;

    private const string Epilogue = """
        Examples:
          coordinator status                           all migrations, newest first
          coordinator status rename-balance            what it does, why it waits, and what would clear each blocker
          coordinator status rename-balance -o json | jq -r '.migration.blockers[].clearedBy'

        It ends with 0 whatever the state is; to decide by the state use 'coordinator ready' or 'coordinator watch'.
        """;

    public static Command Create(CommandRunner runner)
    {
        var name = new Argument<string?>("NAME")
        {
            Description = "The migration's name; without it all are listed.",
            Arity = ArgumentArity.ZeroOrOne,
            DefaultValueFactory = static _ => null,
        };
        var command = new Command("status", "What a migration does, why it waits, and what would clear each blocker.") { name };
        return runner.Bind(command, Epilogue, (context, cancellationToken) => context.GetOptional(name) is { Length: > 0 } one
            ? ShowAsync(context, one, cancellationToken)
            : ListAsync(context, cancellationToken));
    }

    private static async Task<int> ShowAsync(CommandContext context, string name, CancellationToken cancellationToken)
    {
        var request = new GetMigrationRequest { Name = ResourceName.Migration(name) };
        var response = await context.Client.Migrations.GetMigrationAsync(request, context.Query(cancellationToken));
        context.Results.Write(response, (writer, palette) => MigrationText.WriteStatus(writer, palette, response.Migration));
        return ExitCode.Done;
    }

    private static async Task<int> ListAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var all = new ListMigrationsResponse();
        var request = new ListMigrationsRequest { PageSize = PageSize };
        do
        {
            var page = await context.Client.Migrations.ListMigrationsAsync(request, context.Query(cancellationToken));
            all.Migrations.AddRange(page.Migrations);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        context.Results.WriteList(all, "migration", all.Migrations, (writer, palette) => WriteTable(writer, palette, all));
        if (all.Migrations.Count == 0 && context.Format == OutputFormat.Table)
        {
            context.Note("No migration yet. Next: coordinator plan FILE");
        }

        return ExitCode.Done;
    }

    private static void WriteTable(TextWriter writer, Palette palette, ListMigrationsResponse all)
    {
        if (all.Migrations.Count == 0)
        {
            return;
        }

        var table = new TextTable("NAME", "TARGET", "STATE", "BLOCKERS", "UPDATED", "WHAT IT DOES OR WAITS FOR");
        foreach (var migration in all.Migrations)
        {
            table.Add(
                ResourceName.Last(migration.Name),
                migration.Target,
                MigrationText.StateCell(migration, palette),
                NumberText.Of(migration.Blockers.Count),
                TimeText.Of(migration.UpdateTime),
                migration.StatusMessage);
        }

        table.Write(writer, palette);
    }
}
