using Coordinator.Domain.Sql;

namespace Coordinator.Domain.Specs;

/// <summary>Gathers the errors of a spec with their places, so that the author sees all of them at once.</summary>
internal sealed class SpecReport
{
    private readonly List<SpecError> _errors;

    public SpecReport()
        : this([], "")
    {
    }

    private SpecReport(List<SpecError> errors, string place)
    {
        _errors = errors;
        Place = place;
    }

    public string Place { get; }

    public IReadOnlyList<SpecError> Errors => _errors;

    /// <summary>The same report, one level down.</summary>
    public SpecReport At(string key) => new(_errors, Place.Length == 0 ? key : $"{Place}.{key}");

    public SpecReport AtIndex(int index) =>
        new(_errors, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Place}[{index}]"));

    public void Add(string code, string message, string remedy) => _errors.Add(new SpecError(Place, code, message, remedy));

    public void Add(SqlDefect? defect, string what)
    {
        if (defect is not null)
        {
            Add(defect.Code, $"The SQL of {what} can't be used: {defect.What}.", defect.Remedy);
        }
    }
}
