using System.Reflection;
using Coordinator.Client.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace Coordinator.Client.Instances;

/// <summary>Reports an Entity Framework Core application's own version to Coordinator.</summary>
public static class CoordinatorInstanceOptionsExtensions
{
    /// <summary>
    /// Sets <see cref="CoordinatorInstanceOptions.SchemaVersion"/> to the time of the newest migration of
    /// <typeparamref name="TContext"/>, as <see cref="EntityFrameworkSchemaVersion.Of{TContext}"/> reads it.
    /// </summary>
    /// <param name="options">The options that <c>AddCoordinatorInstance</c> hands out.</param>
    /// <param name="migrations">The assembly that holds the migrations; null for the context's own.</param>
    /// <returns>The same options.</returns>
    /// <exception cref="InvalidOperationException">There is no migration, or its id has no time in front.</exception>
    public static CoordinatorInstanceOptions UseEntityFrameworkVersion<TContext>(
        this CoordinatorInstanceOptions options, Assembly? migrations = null)
        where TContext : DbContext
    {
        ArgumentNullException.ThrowIfNull(options);
        options.SchemaVersion = EntityFrameworkSchemaVersion.Of<TContext>(migrations);
        return options;
    }
}
