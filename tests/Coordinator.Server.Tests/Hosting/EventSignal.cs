using Microsoft.Extensions.Logging;

namespace Coordinator.Server.Tests.Hosting;

/// <summary>Completes a task when a log event is written: a point in the server's life that tests can wait for.</summary>
internal sealed class EventSignal(int eventId, TaskCompletionSource seen) : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId @event, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (@event.Id == eventId)
        {
            seen.TrySetResult();
        }
    }

    public void Dispose()
    {
        // Nothing is held.
    }
}
