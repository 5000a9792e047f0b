using System.Globalization;

namespace Coordinator.Server.Hosting;

/// <summary>The server did not start, because its coordination database never answered.</summary>
public sealed class CoordinationDatabaseMissingException(TimeSpan patience, Exception inner) : Exception(
    string.Create(
        CultureInfo.InvariantCulture,
        $"The coordination database did not answer within {patience.TotalSeconds:0} s: {(inner.InnerException ?? inner).Message} ")
    + "See that it runs and that Coordinator:ConnectionString names it; Coordinator:StartTimeout says how long to wait.",
    inner);
