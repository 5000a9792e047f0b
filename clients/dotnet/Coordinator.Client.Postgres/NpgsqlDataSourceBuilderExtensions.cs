using System.Globalization;
using Coordinator.Client.Instances;
using Coordinator.Client.Postgres;

namespace Npgsql;

/// <summary>Adds Coordinator's check to a data source.</summary>
public static class NpgsqlDataSourceBuilderExtensions
{
    /// <summary>
    /// Every physical connection that the data source opens first reads whether this process's schema version may use the database,
    /// and is refused with a <see cref="ConnectionRefusedException"/> when it may not, or when the instance has no running lease.
    /// Labels the connections <c>application@version</c> for Coordinator's witness, unless they have a label. Takes the data source's
    /// physical connection initializer; a connection that waits in the pool is not asked again: for that, wrap the data source in a
    /// <see cref="FencedDataSource"/>.
    /// </summary>
    public static NpgsqlDataSourceBuilder UseCoordinator(this NpgsqlDataSourceBuilder builder, ICoordinatorInstance instance)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(instance);
        if (string.IsNullOrEmpty(builder.ConnectionStringBuilder.ApplicationName))
        {
            builder.ConnectionStringBuilder.ApplicationName =
                string.Create(CultureInfo.InvariantCulture, $"{instance.Application}@{instance.SchemaVersion}");
        }

        return builder.UsePhysicalConnectionInitializer(
            connection =>
            {
                FencedDataSource.RequireLease(instance);
                AdmissionCheck.Require(connection, instance);
            },
            async connection =>
            {
                FencedDataSource.RequireLease(instance);
                await AdmissionCheck.RequireAsync(connection, instance).ConfigureAwait(false);
            });
    }
}
