using System.Runtime.CompilerServices;
using Coordinator.Cli.Invocation;
using Coordinator.Client;
using Grpc.Core;

namespace Coordinator.Cli.Streaming;

/// <summary>
/// A watch that outlives restarts of the service. The first connection fails at once, because a wrong address is a mistake; after the
/// first message an outage is bridged for a while, because a watch that dies with one replica is of no use.
/// </summary>
internal sealed class ResilientStream<T>(Func<CancellationToken, AsyncServerStreamingCall<T>> open, CommandEnvironment environment)
    where T : class
{
    private static readonly TimeSpan LongestOutage = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(3);

    private long _lastMessage;
    private int _failures;
    private bool _connected;
    private bool _lost;

    /// <summary>The messages; ends only by an exception or when the reader stops reading.</summary>
    public async IAsyncEnumerable<T> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            using var call = open(cancellationToken);
            while (await NextAsync(call, cancellationToken) is { } message)
            {
                yield return message;
            }

            await PauseAsync(cancellationToken);
        }
    }

    /// <summary>The next message; null when the stream has to be opened again.</summary>
    private async Task<T?> NextAsync(AsyncServerStreamingCall<T> call, CancellationToken cancellationToken)
    {
        try
        {
            if (!await call.ResponseStream.MoveNext(cancellationToken))
            {
                return null;
            }
        }
        catch (RpcException exception) when (MayBridge(CoordinatorException.From(exception)))
        {
            if (!_lost)
            {
                _lost = true;
                await environment.Error.WriteLineAsync("connection lost; trying again".AsMemory(), cancellationToken);
            }

            return null;
        }

        if (_lost)
        {
            _lost = false;
            await environment.Error.WriteLineAsync("connected again".AsMemory(), cancellationToken);
        }

        (_connected, _failures, _lastMessage) = (true, 0, environment.Time.GetTimestamp());
        return call.ResponseStream.Current;
    }

    private bool MayBridge(CoordinatorException exception) =>
        _connected
        && Output.ErrorReport.ExitCodeOf(exception) is ExitCode.Unavailable or ExitCode.Temporary
        && environment.Time.GetElapsedTime(_lastMessage) < LongestOutage;

    private async Task PauseAsync(CancellationToken cancellationToken)
    {
        var pause = Math.Min(FirstPause.TotalMilliseconds * Math.Pow(2, _failures++), LongestPause.TotalMilliseconds);
        await Task.Delay(
            TimeSpan.FromMilliseconds(pause * (0.5 + (0.5 * Random.Shared.NextDouble()))), environment.Time, cancellationToken);
    }
}
