namespace Coordinator.Engine.Applications;

/// <summary>What an instance says of itself.</summary>
/// <param name="Application">The application's name.</param>
/// <param name="Instance">The instance's own id, unique per process start.</param>
/// <param name="Version">The newest schema that it was built for.</param>
/// <param name="AppVersion">The program's version, for people.</param>
public sealed record InstanceReport(string Application, string Instance, long Version, string AppVersion);
