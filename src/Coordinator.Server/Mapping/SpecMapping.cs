using System.Globalization;
using Coordinator.Domain.Specs;
using Coordinator.Engine.Planning;
using Coordinator.Engine.Specs;
using Google.Protobuf.WellKnownTypes;

namespace Coordinator.Server.Mapping;

/// <summary>Specifications, in both of their forms. What is wrong with one is reported with its place, all at once.</summary>
internal static class SpecMapping
{
    // What google.protobuf.Duration may hold.
    private const long MaxDurationSeconds = 315_576_000_000;

    /// <summary>The specification of a request.</summary>
    /// <exception cref="SpecificationException">What is wrong with it.</exception>
    public static MigrationSpec ToDomain(V1.PlanMigrationRequest request) => request.SpecificationCase switch
    {
        V1.PlanMigrationRequest.SpecificationOneofCase.Yaml => FromYaml(request.Yaml),
        V1.PlanMigrationRequest.SpecificationOneofCase.Spec => FromMessage(request.Spec),
        _ => throw new SpecificationException([new SpecError(
            "specification", "SPECIFICATION_MISSING", "There is no specification.", "Set yaml or spec.")]),
    };

    /// <summary>A specification in YAML.</summary>
    /// <exception cref="SpecificationException">What is wrong with it.</exception>
    public static MigrationSpec FromYaml(string yaml) => YamlSpecReader.Read(yaml) switch
    {
        SpecReadResult.Spec read => read.Value,
        SpecReadResult.Invalid invalid => throw new SpecificationException(invalid.Errors),
        var other => throw new ArgumentOutOfRangeException(nameof(yaml), other, "Not a result of the reader."),
    };

    private static MigrationSpec FromMessage(V1.MigrationSpec message)
    {
        var errors = new List<SpecError>();
        var spec = new MigrationSpec
        {
            Name = message.Migration,
            Target = message.Target,
            Versions = message.Versions.ToDictionary(
                entry => entry.Key, entry => ToDomain(entry.Key, entry.Value, errors), StringComparer.Ordinal),
            Contract = new ContractRule(
                ToDuration(message.Contract?.Soak, "contract.soak", errors) ?? TimeSpan.Zero,
                message.Contract?.ApprovalRequired ?? false,
                ToDuration(message.Contract?.FenceSoak, "contract.fence_soak", errors),
                ToDuration(message.Contract?.OldWritesQuiet, "contract.old_writes_quiet", errors),
                ToDuration(message.Contract?.StatementsQuiet, "contract.statements_quiet", errors)),
            Backfill = message.Backfill is { } backfill ? PaceMapping.ToDomain(backfill, "backfill") : null,
            Operations = [.. message.Operations.Select((operation, index) => ToDomain(operation, index, errors)).OfType<OperationSpec>()],
        };
        // The planner validates what can be read; what can't is reported together with the rest that can.
        return errors.Count == 0 ? spec : throw new SpecificationException(
            [.. errors, .. SpecValidator.Validate(spec).Where(error => !error.Place.StartsWith("operations", StringComparison.Ordinal))]);
    }

    private static VersionRule ToDomain(string application, V1.VersionRule rule, List<SpecError> errors)
    {
        if (rule.RolePattern.Length > 0 && rule.Roles.Count > 0)
        {
            errors.Add(new SpecError(
                $"versions.{application}.roles", "ROLES_AMBIGUOUS", "Both role_pattern and roles are set.", "Keep one of them."));
        }

        return new VersionRule(
            rule.UsesNewFrom,
            rule.FreeOfOldFrom,
            rule.RolePattern.Length > 0 ? new VersionRoles(rule.RolePattern)
                : rule.Roles.Count > 0 ? new VersionRoles(null, new Dictionary<long, string>(rule.Roles))
                : null,
            ToDuration(rule.WitnessAfter, $"versions.{application}.witness_after", errors));
    }

    private static TimeSpan? ToDuration(Duration? duration, string field, List<SpecError> errors)
    {
        if (duration is null)
        {
            return null;
        }

        if (Math.Abs(duration.Seconds) <= MaxDurationSeconds && Math.Abs((long)duration.Nanos) < 1_000_000_000
            && Math.Sign(duration.Seconds) * Math.Sign(duration.Nanos) >= 0)
        {
            return duration.ToTimeSpan();
        }

        errors.Add(new SpecError(field, "DURATION_INVALID", "It is not a duration.", "Send a normalized google.protobuf.Duration."));
        return null;
    }

    private static OperationSpec? ToDomain(V1.Operation operation, int index, List<SpecError> errors)
    {
        switch (operation.KindCase)
        {
            case V1.Operation.KindOneofCase.RenameColumn:
                var rename = operation.RenameColumn;
                return new OperationSpec.RenameColumn(
                    rename.Table, rename.From, rename.To, OnDefault: rename.AcceptDefault ? InsertDefaultPolicy.Accept : null);
            case V1.Operation.KindOneofCase.SetNotNull:
                var setNotNull = operation.SetNotNull;
                return new OperationSpec.SetNotNull(setNotNull.Table, setNotNull.Column, setNotNull.Fill);
            case V1.Operation.KindOneofCase.RawSql:
                var raw = operation.RawSql;
                return new OperationSpec.RawSql(
                    Given(raw.Expand),
                    raw.Backfill is { } fill ? ToDomain(fill) : null,
                    Given(raw.Contract),
                    Given(raw.Rollback),
                    Given(raw.Table));
            default:
                errors.Add(new SpecError(
                    string.Create(CultureInfo.InvariantCulture, $"operations[{index}]"),
                    "OPERATION_UNKNOWN",
                    "The operation has no kind that this coordinator knows.",
                    "Set rename_column, set_not_null or raw_sql; for a newer kind, upgrade the coordinator."));
                return null;
        }
    }

    private static RawBackfill ToDomain(V1.Operation.Types.RawSql.Types.Backfill fill) => new(
        fill.Table,
        Given(fill.Sql),
        Given(fill.Verify),
        Given(fill.Handler),
        fill.By switch
        {
            V1.Operation.Types.RawSql.Types.Backfill.Types.By.Key => RangeKind.Key,
            V1.Operation.Types.RawSql.Types.Backfill.Types.By.Blocks => RangeKind.Blocks,
            _ => null,
        },
        fill.Key.Count == 0 ? null : [.. fill.Key]);

    // A message can't tell "not given" from "empty"; an empty statement is no statement.
    private static string? Given(string text) => text.Length == 0 ? null : text;
}
