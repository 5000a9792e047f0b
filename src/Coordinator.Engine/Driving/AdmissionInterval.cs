namespace Coordinator.Engine.Driving;

/// <summary>The schema versions of an application that may run, as a target is told them.</summary>
/// <param name="Application">The application.</param>
/// <param name="Min">The lowest version; 0 when nothing is retired.</param>
/// <param name="Max">The highest version; null when there is no upper bound.</param>
/// <param name="Revision">The application's version in the event log: a higher one is newer.</param>
internal sealed record AdmissionInterval(string Application, long Min, long? Max, long Revision);
