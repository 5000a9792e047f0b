using System.Globalization;
using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Coordinator.Client.EntityFrameworkCore;

/// <summary>
/// The schema version of a build that uses Entity Framework Core: the time in the id of its newest migration
/// (<c>20261120093000_UnmapStars</c>), read as the number 20261120093000. Builds compare as their migrations do, and a build always
/// has the same version, whatever database it meets. Neither a context nor a connection is made for it.
/// </summary>
public static class EntityFrameworkSchemaVersion
{
    private const int TimestampLength = 14;

    /// <summary>The version of this build of <typeparamref name="TContext"/>; above 0.</summary>
    /// <param name="migrations">The assembly that holds the migrations; null for the context's own.</param>
    /// <exception cref="InvalidOperationException">
    /// The assembly has no migration of this very context, or the id of the newest does not begin with a time of 14 digits.
    /// </exception>
    public static long Of<TContext>(Assembly? migrations = null)
        where TContext : DbContext
    {
        var assembly = migrations ?? typeof(TContext).Assembly;
        // The order of Entity Framework's own list of migrations.
        var newest = assembly.GetTypes()
            .Where(type => !type.IsAbstract && type.IsSubclassOf(typeof(Migration))
                && type.GetCustomAttribute<DbContextAttribute>()?.ContextType == typeof(TContext))
            .Select(type => type.GetCustomAttribute<MigrationAttribute>()?.Id)
            .OfType<string>()
            .Order(StringComparer.OrdinalIgnoreCase)
            .LastOrDefault()
            ?? throw new InvalidOperationException(
                $"Assembly {assembly.GetName().Name} has no migration of {typeof(TContext).Name}, so this build has no schema version. "
                + "Name the assembly that has the migrations, or set SchemaVersion to a number yourself.");
        return Parse(newest) ?? throw new InvalidOperationException(
            $"Migration '{newest}', the newest of {typeof(TContext).Name}, has no time in front of its id, as in "
            + "20261120093000_UnmapStars, so no schema version can be read from it. Give it an id with one, above those of all other "
            + "migrations, or set SchemaVersion to a number yourself.");
    }

    // More than 14 digits would be another number than every tool's.
    private static long? Parse(string id) =>
        id.Length >= TimestampLength
        && (id.Length == TimestampLength || !char.IsAsciiDigit(id[TimestampLength]))
        && long.TryParse(id.AsSpan(0, TimestampLength), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
        && version > 0
            ? version
            : null;
}
