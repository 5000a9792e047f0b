using System.Globalization;
using Coordinator.Domain.Specs;

namespace Coordinator.Engine.Specs;

/// <summary>
/// The errors of one reading, and where each path of the document stands, so that what the domain finds later can be shown at its line
/// too.
/// </summary>
internal sealed class SpecIssues
{
    private const int MaxErrors = 100;

    private const int MaxShownPath = 300;

    private readonly List<(SpecMark Mark, string Path, SpecError Error)> _found = [];
    private readonly Dictionary<string, SpecMark> _marks = new(StringComparer.Ordinal);

    public bool Any => _found.Count > 0;

    /// <summary>In the order of the document; the first hundred, since nobody reads more.</summary>
    public IReadOnlyList<SpecError> Errors =>
    [
        .. _found.OrderBy(static f => f.Mark.Line).ThenBy(static f => f.Mark.Column).Select(static f => f.Error).Take(MaxErrors),
    ];

    public void Remember(string path, SpecMark mark) => _marks.TryAdd(path, mark);

    public void Add(string path, SpecMark mark, string code, string message, string remedy)
    {
        // A path holds the author's keys, and those may be of any length.
        var shown = path.Length <= MaxShownPath ? path : $"{path[..MaxShownPath]}…";
        var place = string.Create(CultureInfo.InvariantCulture, $"{mark.Line}:{mark.Column} {shown}").TrimEnd();
        _found.Add((mark, path, new SpecError(place, code, message, remedy)));
    }

    /// <summary>
    /// Takes over what the domain found. Where reading failed already, a stand-in was put, and what the domain says about that is no news.
    /// </summary>
    public void AddFromDomain(IReadOnlyList<SpecError> errors)
    {
        var failed = _found.Select(static f => f.Path).Distinct(StringComparer.Ordinal).ToList();
        foreach (var error in errors.Where(e => !failed.Any(f => IsAtOrBelow(e.Place, f))))
        {
            Add(error.Place, MarkOf(error.Place), error.Code, error.Message, error.Remedy);
        }
    }

    public static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";

    private static bool IsAtOrBelow(string place, string path) =>
        path.Length > 0
        && place.StartsWith(path, StringComparison.Ordinal)
        && (place.Length == path.Length || place[path.Length] is '.' or '[');

    // A key that is missing has no place of its own: then it is the mapping that lacks it.
    private SpecMark MarkOf(string place)
    {
        var path = place;
        while (path.Length > 0)
        {
            if (_marks.TryGetValue(path, out var mark))
            {
                return mark;
            }

            path = path[..Math.Max(0, path.LastIndexOfAny(['.', '[']))];
        }

        return SpecMark.Start;
    }
}
