using Coordinator.Domain.Backfills;
using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Specs;

/// <summary>
/// Checks the shape of a spec, without a catalogue: names, versions, limits, texts. All errors at once.
/// </summary>
public static class SpecValidator
{
    public const int MaxOperations = 20;

    public const int MaxApplications = 200;

    public static readonly TimeSpan MaxSoak = TimeSpan.FromDays(90);

    public static readonly TimeSpan MinWitnessAfter = TimeSpan.FromSeconds(10);

    public static IReadOnlyList<SpecError> Validate(MigrationSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var report = new SpecReport();
        ValidateNames(spec, report);
        ValidateVersions(spec.Versions, report.At("versions"));
        if (spec.Contract.Soak < TimeSpan.Zero || spec.Contract.Soak > MaxSoak)
        {
            report.At("contract.soak").Add(
                "SOAK_OUT_OF_RANGE", $"A soak of {spec.Contract.Soak} is not between 0 and {MaxSoak.TotalDays} days.", "Choose a duration in that range.");
        }

        ValidateOperations(spec.Operations, report.At("operations"));
        if (spec.Backfill is { } settings && BackfillTuning.Defect(settings.ToTune(spec.Name)) is { } defect)
        {
            report.At("backfill").Add(defect.Code, defect.Message, defect.Remedy);
        }

        StrictShape.Validate(spec, report);
        ValidateQuiet(spec, spec.Contract.OldWritesQuiet, report.At("contract.old_writes_quiet"));
        ValidateQuiet(spec, spec.Contract.StatementsQuiet, report.At("contract.statements_quiet"));
        return report.Errors;
    }

    private static void ValidateWitnessAfter(VersionRule rule, SpecReport at)
    {
        if (rule.WitnessAfter is not { } after)
        {
            return;
        }

        if (after < MinWitnessAfter || after > MaxSoak)
        {
            at.Add(
                "WITNESS_AFTER_OUT_OF_RANGE",
                $"{after} is not between {MinWitnessAfter.TotalSeconds} s and {MaxSoak.TotalDays} days.",
                "Choose longer than an instance of yours can be silent and come back: 15m suits most.");
        }

        if (rule.IsStrict)
        {
            at.Add("WITNESS_AFTER_STRICT", "In strict mode the fence takes lapsed instances.", "Leave lapsed out.");
        }
    }

    private static void ValidateQuiet(MigrationSpec spec, TimeSpan? quiet, SpecReport at)
    {
        if (quiet is not { } span)
        {
            return;
        }

        if (span <= TimeSpan.Zero || span > MaxSoak)
        {
            at.Add(
                "QUIET_OUT_OF_RANGE", $"A silence of {span} is not above 0 and at most {MaxSoak.TotalDays} days.", "Choose a duration in that range.");
        }

        if (!spec.Operations.Any(static operation => operation is OperationSpec.RenameColumn))
        {
            at.Add(
                "QUIET_NOT_COUNTED",
                "No operation of this migration has an old column whose use could be counted.",
                "Leave it out: it works with rename_column.");
        }
    }

    private static void ValidateNames(MigrationSpec spec, SpecReport report)
    {
        const string Remedy = "Use 1 to 63 lower-case letters, digits and '-'.";
        if (!MigrationName.TryParse(spec.Name, out _, out var why))
        {
            report.At("migration").Add("NAME_INVALID", $"The migration's name {why}.", Remedy);
        }

        if (!TargetName.TryParse(spec.Target, out _, out why))
        {
            report.At("target").Add("NAME_INVALID", $"The target's name {why}.", Remedy);
        }
    }

    private static void ValidateVersions(IReadOnlyDictionary<string, VersionRule> versions, SpecReport report)
    {
        if (versions.Count is 0 or > MaxApplications)
        {
            report.Add(
                versions.Count == 0 ? "VERSIONS_MISSING" : "TOO_MANY_APPLICATIONS",
                versions.Count == 0 ? "No application is named." : $"More than {MaxApplications} applications are named.",
                "Name every application that uses the target, with its uses_new_from and free_of_old_from.");
        }

        foreach (var (application, rule) in versions.OrderBy(static v => v.Key, StringComparer.Ordinal).Take(MaxApplications))
        {
            var at = report.At(application);
            if (!ApplicationName.TryParse(application, out _, out var why))
            {
                at.Add("NAME_INVALID", $"The application's name {why}.", "Use 1 to 63 lower-case letters, digits and '-'.");
            }

            if (rule.UsesNewFrom < 1)
            {
                at.At("uses_new_from").Add("VERSION_INVALID", "A schema version is at least 1.", "Give the first version that reads the new structure.");
            }

            ValidateWitnessAfter(rule, at.At("lapsed"));
            if (rule.FreeOfOldFrom < rule.UsesNewFrom)
            {
                at.At("free_of_old_from").Add(
                    "VERSION_ORDER",
                    $"A version can't be free of the old structure ({rule.FreeOfOldFrom}) before one uses the new ({rule.UsesNewFrom}).",
                    "Give a version that is at least uses_new_from.");
            }
        }
    }

    private static void ValidateOperations(IReadOnlyList<OperationSpec> operations, SpecReport report)
    {
        if (operations.Count is 0 or > MaxOperations)
        {
            report.Add(
                operations.Count == 0 ? "OPERATIONS_MISSING" : "TOO_MANY_OPERATIONS",
                operations.Count == 0 ? "The migration has no operation." : $"The migration has more than {MaxOperations} operations.",
                operations.Count == 0 ? "Add at least one operation." : "Split it into several migrations.");
        }

        var columns = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < Math.Min(operations.Count, MaxOperations); i++)
        {
            var at = report.AtIndex(i);
            OperationShape.Validate(operations[i], at);
            ReportColumnsTwice(operations[i], at, columns);
        }
    }

    // Each operation is planned against the catalogue as it is now; two on one column would each plan without the other.
    private static void ReportColumnsTwice(OperationSpec operation, SpecReport at, Dictionary<string, string> seen)
    {
        (TableRef Table, string Column, string Key)[] touched = operation switch
        {
            OperationSpec.RenameColumn rename =>
                [(rename.Target, rename.From, "rename_column.from"), (rename.Target, rename.To, "rename_column.to")],
            OperationSpec.SetNotNull set => [(set.Target, set.Column, "set_not_null.column")],
            _ => [],
        };
        foreach (var (table, column, key) in touched)
        {
            var place = at.At(key);
            if (!seen.TryAdd(string.Join('\0', table.Schema, table.Name, column), place.Place)
                && seen[string.Join('\0', table.Schema, table.Name, column)] is var other
                && !other.StartsWith(at.Place + ".", StringComparison.Ordinal))
            {
                place.Add(
                    "COLUMN_TWICE",
                    $"Column {column} of {table} is in {other} already.",
                    "Put the two changes into two migrations, one after the other.");
            }
        }
    }
}
