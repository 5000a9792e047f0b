using Coordinator.V1;

namespace Coordinator.Cli.Watching;

internal sealed record WatchResult(int ExitCode, Migration? Last);
