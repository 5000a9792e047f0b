using System.Text.Json.Nodes;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Output;
using Coordinator.Postgres.Embedded;

namespace Coordinator.Cli.Hosting;

/// <summary>What <c>coordinator dev</c> prints once everything runs: how to connect, and what to try.</summary>
internal static class DevWelcome
{
    public static void Write(CommandContext context, EmbeddedPostgres postgres, string address, string specification)
    {
        if (context.Format == OutputFormat.Table)
        {
            context.Environment.Output.WriteLine(Text(context, postgres, address, specification));
        }
        else
        {
            context.Environment.Output.WriteLine(JsonText.Write(Json(postgres, address, specification), context.Format));
        }

        context.Environment.Output.Flush();
    }

    private static string Text(CommandContext context, EmbeddedPostgres postgres, string address, string specification)
    {
        var palette = context.Environment.OutputPalette;
        var prefix = address == RemoteOptions.DefaultAddress ? "" : $"export {RemoteOptions.AddressVariable}={address}\n  ";
        return $"""
            {palette.Bold("Coordinator is running.")} Ctrl-C stops all of it.

              server      {address}
              database    {Psql(postgres)}
              log         {postgres.LogFile}

            {palette.Bold("What to try next, in another terminal:")}

              {prefix}coordinator target check {DevDatabase.Target} --table review
              coordinator plan {specification}
              coordinator start rename-review-comment
              coordinator watch rename-review-comment

            It renames review.comment to review.message, fills the new column, and then waits: nobody has said how many
            instances of shop-api there are, and silence is not taken for absence. In a third terminal:

              coordinator status rename-review-comment
              coordinator application expect shop-api --none

            """;
    }

    private static JsonObject Json(EmbeddedPostgres postgres, string address, string specification)
    {
        var result = JsonText.Envelope();
        result["address"] = address;
        result["target"] = DevDatabase.Target;
        result["psql"] = Psql(postgres);
        result["postgresLog"] = postgres.LogFile;
        result["specification"] = specification;
        return result;
    }

    private static string Psql(EmbeddedPostgres postgres) =>
        $"psql -h {postgres.SocketDirectory} -U {DevDatabase.AdministratorRole} {DevDatabase.Target}";
}
