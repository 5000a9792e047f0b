namespace Coordinator.Server.Configuration;

/// <summary>One setting that can't be used: which, what is wrong with it, and what to do.</summary>
public sealed record ConfigurationProblem(string Setting, string Message, string Remedy)
{
    /// <inheritdoc/>
    public override string ToString() => $"{CoordinatorServerOptions.SectionName}:{Setting} {Message} {Remedy}";
}
