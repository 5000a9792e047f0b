namespace Coordinator.Server.Errors;

/// <summary>One thing that is wrong with one field of a request.</summary>
internal sealed record FieldProblem(string Field, string Reason, string Description);
