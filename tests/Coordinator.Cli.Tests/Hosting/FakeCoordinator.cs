using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Coordinator.Cli.Tests.Hosting;

/// <summary>A server on a loopback port that speaks Coordinator's protocol and says what a test wants.</summary>
internal sealed class FakeCoordinator : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeCoordinator(WebApplication app, FakeAnswers answers)
    {
        _app = app;
        Answers = answers;
        Address = app.Urls.First();
    }

    public FakeAnswers Answers { get; }

    public string Address { get; }

    public static async Task<FakeCoordinator> StartAsync()
    {
        var answers = new FakeAnswers();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(answers);
        var app = builder.Build();
        app.MapGrpcService<FakeMigrations>();
        app.MapGrpcService<FakeReadiness>();
        app.MapGrpcService<FakeApplications>();
        app.MapGrpcService<FakeBackfills>();
        await app.StartAsync();
        return new FakeCoordinator(app, answers);
    }

    /// <summary>Runs a command line against this server.</summary>
    public Task<CommandResult> RunAsync(params string[] args) => new CommandLine().RunAsync([.. args, "--address", Address]);

    public Task<CommandResult> RunAsync(CommandLine commandLine, params string[] args) =>
        commandLine.RunAsync([.. args, "--address", Address]);

    /// <summary>Nothing listens at the address any more.</summary>
    public Task StopAsync() => _app.StopAsync(new CancellationToken(canceled: true));

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _app.DisposeAsync();
    }
}
