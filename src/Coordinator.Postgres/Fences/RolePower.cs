namespace Coordinator.Postgres.Fences;

/// <summary>One reason why a role can reach what is guarded, or could log in to try.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Role">The role.</param>
/// <param name="Via">The role or PUBLIC that has the power; the role itself where it has it directly.</param>
/// <param name="Relation">The relation, qualified and quoted; empty where the power is not about one.</param>
/// <param name="Grantor">Who granted it; empty where nobody did.</param>
/// <param name="ByOwner">Granted by the relation's owner, so that Coordinator can take it and give it back.</param>
public sealed record RolePower(
    RolePowerKind Kind, string Role, string Via, string Relation, string Grantor, bool ByOwner);
