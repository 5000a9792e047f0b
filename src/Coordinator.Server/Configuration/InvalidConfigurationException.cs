namespace Coordinator.Server.Configuration;

/// <summary>The server does not start: everything that is wrong with its configuration, at once.</summary>
public sealed class InvalidConfigurationException(IReadOnlyList<ConfigurationProblem> problems)
    : Exception("The configuration can't be used:" + string.Concat(problems.Select(problem => $"{Environment.NewLine}  - {problem}")))
{
    /// <summary>All problems.</summary>
    public IReadOnlyList<ConfigurationProblem> Problems { get; } = problems;
}
