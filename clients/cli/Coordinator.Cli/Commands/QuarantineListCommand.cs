using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.Cli.Output;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator quarantine list NAME</c></summary>
internal static class QuarantineListCommand
{
    private const int PageSize = 500;

    private const string Epilogue = """
        KEY is the row's primary key, as --key of the other commands takes it. A table without a primary key has the row's
        place (ctid) and the blocks of its batch instead.

        Example:
          coordinator quarantine list rename-balance --output json
        """;

    public static Command Create(CommandRunner runner)
    {
        var name = MigrationArgument.Create();
        var step = QuarantineCommand.StepOption();
        var command = new Command("list", "The rows that could not be filled, and why.") { name, step };
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            var found = new ListQuarantinedRowsResponse();
            var request = new ListQuarantinedRowsRequest
            {
                Parent = QuarantineCommand.Parent(context.Get(name), context.Get(step)),
                PageSize = PageSize,
            };
            do
            {
                var page = await context.Client.Backfills.ListQuarantinedRowsAsync(request, context.Target(cancellationToken));
                found.Rows.AddRange(page.Rows);
                found.OpenRowCount = page.OpenRowCount;
                found.WaivedRowCount = page.WaivedRowCount;
                request.PageToken = page.NextPageToken;
            }
            while (request.PageToken.Length > 0);

            context.Results.WriteList(found, "row", found.Rows, (writer, palette) => WriteTable(writer, palette, found));
            return ExitCode.Done;
        });
    }

    private static void WriteTable(TextWriter writer, Palette palette, ListQuarantinedRowsResponse found)
    {
        if (found.Rows.Count == 0)
        {
            writer.WriteLine("No row is in quarantine.");
            return;
        }

        var table = new TextTable("STEP", "SHARD", "TABLE", "KEY", "STATE", "LAST TRIED", "ERROR");
        foreach (var row in found.Rows)
        {
            table.Add(
                ResourceName.Last(row.Backfill),
                row.Shard,
                row.Table,
                row.Key,
                row.WaivedBy.Length == 0
                    ? new Cell("waits", palette.Red)
                    : new Cell($"waived by {row.WaivedBy}: {row.WaiveReason}", palette.Dim),
                TimeText.Of(row.LastSeenTime),
                $"{row.SqlState} {row.Message}");
        }

        table.Write(writer, palette);
    }
}
