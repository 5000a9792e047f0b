using Coordinator.Domain;
using Coordinator.Server.Errors;

namespace Coordinator.Server.Mapping;

/// <summary>
/// Resource names. Requests may leave the collection out (<c>migrations/x</c> or <c>x</c>); answers carry the full name.
/// </summary>
internal static class ResourceNames
{
    private const string Migrations = "migrations/";
    private const string Applications = "applications/";
    private const string Backfills = "/backfills/";

    public static string Migration(string id) => Migrations + id;

    public static string Application(string id) => Applications + id;

    public static string Instance(string application, string instance) => $"{Applications}{application}/instances/{instance}";

    public static string Backfill(string migration, string step) => $"{Migrations}{migration}{Backfills}{step}";

    /// <summary>A migration's own name.</summary>
    public static string ParseMigration(string name, string field)
    {
        var id = Without(Migrations, name);
        return MigrationName.TryParse(id, out _, out var why)
            ? id
            : throw InvalidRequest.Field(
                field,
                "INVALID_NAME",
                $"The migration's name {why}.",
                "Use migrations/NAME or NAME: lower-case letters, digits and hyphens, at most 63.");
    }

    /// <summary>An application's own name; its shape is the engine's to check.</summary>
    public static string ParseApplication(string name) => Without(Applications, name);

    /// <summary>A migration's name and a step's.</summary>
    public static (string Migration, string Step) ParseBackfill(string name)
    {
        var parts = Without(Migrations, name).Split(Backfills);
        return parts is [var migration, { Length: > 0 } step]
            ? (ParseMigration(migration, "name"), step)
            : throw InvalidRequest.Field(
                "name", "INVALID_NAME", "The name is not one of a backfill.", "Use migrations/NAME/backfills/STEP.");
    }

    /// <summary>A migration's name, and a step's where the parent is one of its backfills; else empty.</summary>
    public static (string Migration, string Step) ParseBackfillParent(string parent)
    {
        var parts = Without(Migrations, parent).Split(Backfills);
        return parts switch
        {
            [var migration, { Length: > 0 } step] => (ParseMigration(migration, "parent"), step),
            _ => (ParseMigration(parent, "parent"), ""),
        };
    }

    private static string Without(string collection, string name) =>
        name.StartsWith(collection, StringComparison.Ordinal) ? name[collection.Length..] : name;
}
