using System.Text.Json;
using System.Text.Json.Nodes;
using Coordinator.Domain.Applications;
using Coordinator.Domain.Backfills;
using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Tests.Plans;

/// <summary>Events and plans are stored as jsonb by System.Text.Json with its default options, and read back by a newer Coordinator.</summary>
public class JsonRoundTripTests
{
    private static readonly MigrationPlan Plan = Samples.Plan(
        Samples.Spec(Samples.Rename with { OnDefault = InsertDefaultPolicy.Accept }, Samples.NotNull, Samples.Raw)
            with
        {
            Contract = new ContractRule(TimeSpan.FromHours(24), true),
            Backfill = new BackfillSettings { MaxWait = TimeSpan.FromMilliseconds(50), QuietHours = "22:00-06:00" },
        });

    private static readonly Dictionary<string, string> Evidence = new() { ["rows"] = "7" };

    private static readonly Dictionary<string, long> Blocks = new() { ["eu"] = long.MaxValue };

    private static readonly Blocker[] Blockers = [new("CODE", "subject", "message", "cleared by")];

    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly IReadOnlyList<object> Stored =
    [
        Plan,
        new MigrationEvent.Planned("m", Plan),
        new MigrationEvent.Started(),
        new MigrationEvent.StepStarted("s", 1),
        new MigrationEvent.StepRetried("s", 2),
        new MigrationEvent.StepCompleted("s", Evidence),
        new MigrationEvent.StepFailed("s", "CODE", "reason", "remedy"),
        new MigrationEvent.StepBlocked("s", Blockers),
        new MigrationEvent.RowsRepaired("s", "ann", 3, 2, 1),
        new MigrationEvent.GateBlocked(Blockers),
        new MigrationEvent.Drained(Noon),
        new MigrationEvent.DrainLost(Blockers),
        new MigrationEvent.Soaked(Noon),
        new MigrationEvent.Retired(Blocks),
        new MigrationEvent.GatePassed(Evidence),
        new MigrationEvent.RetirementOrdered(Blocks, "ann", "reason"),
        new MigrationEvent.RetirementEnded("ann", "reason"),
        new MigrationEvent.Fenced(Noon, Evidence),
        new VersionRule(42, 42, new VersionRoles(null, new Dictionary<long, string> { [41] = "old" }), TimeSpan.FromMinutes(15)),
        new ContractRule(TimeSpan.Zero, false, TimeSpan.FromHours(1), TimeSpan.FromHours(2), TimeSpan.FromHours(3)),
        new MigrationEvent.FenceLifted(),
        new MigrationEvent.Paused("reason"),
        new MigrationEvent.Resumed(),
        new MigrationEvent.Approved("ann"),
        new MigrationEvent.RollbackStarted(),
        new MigrationEvent.RolledBack(),
        new MigrationEvent.Completed(),
        new MigrationEvent.Cancelled(),
        new BackfillEvent.Planned("m", "s", Samples.Review, "update", ["eu"]),
        new BackfillEvent.Started(Blocks),
        new BackfillEvent.Restarted("reason"),
        new BackfillEvent.Paused("reason"),
        new BackfillEvent.Resumed(),
        new BackfillEvent.Tuned("ann", 1, null),
        new BackfillEvent.Progressed(1, 2, 3),
        new BackfillEvent.RowsQuarantined(1, "error"),
        new BackfillEvent.BreakerTripped("TOO_MANY_BAD_ROWS", "too many", 101),
        new BackfillEvent.RowsWaived("ann", "known", ["{\"id\": 5}"], 1),
        new BackfillEvent.RowsRetried("ann", 3, 2, 1),
        new BackfillEvent.Verified(1),
        new BackfillEvent.Finished(1, 2),
        new ApplicationEvent.VersionAppeared(1),
        new ApplicationEvent.VersionDrained(1),
        new ApplicationEvent.VersionsRetired("m", 1),
        new ApplicationEvent.RetirementMadePermanent("m"),
        new ApplicationEvent.RetirementEnded("m"),
        new ApplicationEvent.CeilingSet("m", 1),
        new ApplicationEvent.CeilingLifted("m"),
        new ApplicationEvent.PopulationExpected(ExpectedPopulation.Of(3)),
        new ApplicationEvent.InstanceAttested("7f", 1, "ann", "pod deleted"),
    ];

    public static TheoryData<string> All { get; } = [.. Stored.Select(static s => s.GetType().FullName!)];

    [Theory]
    [MemberData(nameof(All))]
    public void It_comes_back_as_it_was_also_from_jsonb(string type)
    {
        var sample = Stored.Single(s => s.GetType().FullName == type);
        var json = JsonSerializer.Serialize(sample, sample.GetType());
        Assert.Equal(json, Again(json, sample.GetType()));
        Assert.Equal(json, Again(AsJsonb(JsonNode.Parse(json))!.ToJsonString(), sample.GetType()));
    }

    [Fact]
    public void No_event_is_forgotten_here()
    {
        var events = new[] { typeof(MigrationEvent), typeof(BackfillEvent), typeof(ApplicationEvent) }.SelectMany(static t => t.GetNestedTypes());
        Assert.Empty(events.Except(Stored.Select(static s => s.GetType())));
    }

    [Fact]
    public void No_step_operation_or_check_lacks_its_name_in_json()
    {
        foreach (var hierarchy in new[] { typeof(PlanStep), typeof(OperationSpec), typeof(Check) })
        {
            var named = hierarchy.GetCustomAttributes(typeof(System.Text.Json.Serialization.JsonDerivedTypeAttribute), false)
                .Cast<System.Text.Json.Serialization.JsonDerivedTypeAttribute>()
                .Select(static a => a.DerivedType);
            Assert.Empty(hierarchy.GetNestedTypes().Except(named));
        }
    }

    [Fact]
    public void The_states_come_back_too()
    {
        var state = new[] { new ApplicationEvent.VersionsRetired("m", 1), (ApplicationEvent)new ApplicationEvent.VersionAppeared(3) }
            .Aggregate(ApplicationState.Named("api"), static (s, e) => s.Evolve(e));
        var json = JsonSerializer.Serialize(state);
        Assert.Equal(json, Again(json, typeof(ApplicationState)));
    }

    private static string Again(string json, Type type) => JsonSerializer.Serialize(JsonSerializer.Deserialize(json, type), type);

    // jsonb keeps an object's keys by length, then by bytes.
    private static JsonNode? AsJsonb(JsonNode? node) => node switch
    {
        JsonObject json => new JsonObject(json
            .OrderBy(static p => System.Text.Encoding.UTF8.GetByteCount(p.Key))
            .ThenBy(static p => p.Key, StringComparer.Ordinal)
            .Select(static p => KeyValuePair.Create(p.Key, AsJsonb(p.Value)))),
        JsonArray array => new JsonArray([.. array.Select(AsJsonb)]),
        _ => node?.DeepClone(),
    };
}
