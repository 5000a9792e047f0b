using Coordinator.Domain.Specs;

namespace Coordinator.Engine.Specs;

/// <summary>Reads <c>backfill:</c>, what a specification sets for the backfills of its migration.</summary>
internal static class BackfillSettingsReader
{
    public static BackfillSettings? Read(SpecNode node, SpecIssues issues) =>
        SpecMappingReader.Open(
            node, "backfill", issues, "max_wait", "max_parallel", "batch_rows", "pause_between", "quiet_hours", "check") is not { } reader
            ? null
            : new BackfillSettings
            {
                MaxWait = reader.OptionalDuration("max_wait"),
                MaxParallel = Number(reader, "max_parallel"),
                BatchRows = Number(reader, "batch_rows"),
                PauseBetween = reader.OptionalDuration("pause_between"),
                QuietHours = reader.OptionalText("quiet_hours", "Write 22:00-06:00, several with commas, in UTC."),
                Check = reader.OptionalText("check", "Write a query: false stops the backfill."),
            };

    private static int? Number(SpecMappingReader reader, string key) => reader.Node(key) is null
        ? null
        : (int)Math.Clamp(reader.RequiredNumber(key, "Write a number from 1.", 1), int.MinValue, int.MaxValue);
}
