using Coordinator.Domain.Migrations;

namespace Coordinator.Engine.Driving;

/// <summary>What the sessions in a target say against going on, and what was looked at.</summary>
internal sealed record WitnessVerdict(IReadOnlyList<Blocker> Blockers, IReadOnlyDictionary<string, string> Evidence);
