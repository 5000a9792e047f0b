using Coordinator.Server.Hosting;
using Grpc.Core;

namespace Coordinator.Server.Applications;

/// <summary>A session that is open: its answers and what it is told besides are written one after the other.</summary>
internal sealed class OpenSession(
    OpenSessions sessions, EndingStream stream, IServerStreamWriter<V1.SessionResponse> responses, CancellationToken call) : IAsyncDisposable
{
#pragma warning disable CA2213 // Without a wait handle it holds nothing to dispose, and a hint may still wait for it.
    private readonly SemaphoreSlim _writing = new(1, 1);
#pragma warning restore CA2213
    private volatile bool _takesHints;
    private bool _isClosed;

    /// <summary>Whether the instance reads what answers none of its messages.</summary>
    public bool TakesHints
    {
        get => _takesHints;
        set => _takesHints = value;
    }

    /// <summary>Writes an answer.</summary>
    public async Task AnswerAsync(V1.SessionResponse answer)
    {
        await _writing.WaitAsync(call);
        try
        {
            await responses.WriteAsync(answer, call);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Writes a hint. One that can't be written is dropped: the session is at its end, and the instance hears of that.</summary>
    public async Task HintAsync(V1.SessionResponse hint)
    {
        try
        {
            await _writing.WaitAsync(call);
            try
            {
                await (_isClosed ? Task.CompletedTask : responses.WriteAsync(hint, call));
            }
            finally
            {
                _writing.Release();
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or InvalidOperationException or IOException or RpcException)
        {
        }
    }

    /// <summary>Ends it with a status.</summary>
    public void End() => stream.End();

    /// <summary>Behind this nothing is written: the stream's status may follow.</summary>
    public async ValueTask DisposeAsync()
    {
        sessions.Leave(this);
        await _writing.WaitAsync(call).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _isClosed = true;
        if (!call.IsCancellationRequested)
        {
            _writing.Release();
        }
    }
}
