using Microsoft.Extensions.Hosting;

namespace Coordinator.Worker.Hosting;

/// <summary>Runs the worker for as long as the host runs. A fault of it stops the host, as the host's default is.</summary>
internal sealed class BackfillWorkerService(BackfillWorker worker) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => worker.RunAsync(stoppingToken);
}
