using Coordinator.Engine.Targets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Coordinator.Engine.Tests.Driving;

/// <summary>One replica of the engine in this process, without the server around it.</summary>
internal sealed class EngineReplica : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly List<IHostedService> _hosted;

    private EngineReplica(ServiceProvider services)
    {
        _services = services;
        _hosted = [.. services.GetServices<IHostedService>()];
    }

    public static async Task<EngineReplica> StartAsync(
        string coordination,
        IReadOnlyDictionary<string, TargetOptions> targets,
        bool drive = true,
        TimeProvider? time = null,
        Action<EngineOptions>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddSingleton(time ?? TimeProvider.System);
        services.AddLogging(logging => logging.AddConsole().SetMinimumLevel(LogLevel.Warning));
        services.AddCoordinatorEngine(coordination, targets, configure);
        var replica = new EngineReplica(services.BuildServiceProvider());
        await replica._services.EnsureCoordinatorSchemaAsync(CancellationToken.None);
        if (drive)
        {
            foreach (var hosted in replica._hosted)
            {
                await hosted.StartAsync(CancellationToken.None);
            }
        }

        return replica;
    }

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public async ValueTask DisposeAsync()
    {
        foreach (var hosted in _hosted)
        {
            await hosted.StopAsync(CancellationToken.None);
        }

        await _services.DisposeAsync();
    }
}
