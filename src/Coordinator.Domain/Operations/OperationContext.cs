using System.Globalization;
using Coordinator.Domain.Catalog;
using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Operations;

/// <summary>What an operation is compiled in: the catalogue, its number in the spec (from 1), its neighbours, and where to report.</summary>
internal sealed record OperationContext(
    CatalogSnapshot Catalog,
    int Number,
    SpecReport Report,
    IReadOnlyList<ColumnRef> ReplacedByOthers)
{
    /// <summary>An id that is stable as long as the spec is: phase, number, name.</summary>
    public string StepId(string phase, string name) => string.Create(CultureInfo.InvariantCulture, $"{phase}-{Number}-{name}");
}
