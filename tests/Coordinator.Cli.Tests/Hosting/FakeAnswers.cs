using System.Collections.Concurrent;
using Google.Protobuf;
using Grpc.Core;

namespace Coordinator.Cli.Tests.Hosting;

/// <summary>What the fake services answer, chosen by a test per kind of request, and what they were asked.</summary>
internal sealed class FakeAnswers
{
    private readonly ConcurrentDictionary<Type, Func<IMessage, IMessage>> _unary = [];
    private readonly ConcurrentDictionary<Type, Func<IMessage, Func<IMessage, Task>, CancellationToken, Task>> _streams = [];

    public ConcurrentQueue<IMessage> Requests { get; } = [];

    public ConcurrentQueue<string?> Authorizations { get; } = [];

    public void On<TRequest, TResponse>(Func<TRequest, TResponse> answer)
        where TRequest : IMessage
        where TResponse : IMessage =>
        _unary[typeof(TRequest)] = request => answer((TRequest)request);

    public void OnStream<TRequest, TResponse>(Func<TRequest, Func<TResponse, Task>, CancellationToken, Task> answer)
        where TRequest : IMessage
        where TResponse : IMessage =>
        _streams[typeof(TRequest)] = (request, send, token) => answer((TRequest)request, response => send(response), token);

    /// <summary>A stream that sends these and then stays open.</summary>
    public void OnStream<TRequest, TResponse>(params TResponse[] responses)
        where TRequest : IMessage
        where TResponse : IMessage =>
        OnStream<TRequest, TResponse>(async (_, send, token) =>
        {
            foreach (var response in responses)
            {
                await send(response);
            }

            await new TaskCompletionSource().Task.WaitAsync(token);
        });

    public IEnumerable<T> Asked<T>() => Requests.OfType<T>();

    public Task<TResponse> AnswerAsync<TResponse>(IMessage request, ServerCallContext context)
    {
        Note(request, context);
        return _unary.TryGetValue(request.GetType(), out var answer)
            ? Task.FromResult((TResponse)answer(request))
            : throw new RpcException(new Status(StatusCode.Unimplemented, $"The test has no answer to {request.GetType().Name}."));
    }

    public Task StreamAsync<TResponse>(IMessage request, IServerStreamWriter<TResponse> stream, ServerCallContext context)
    {
        Note(request, context);
        return _streams.TryGetValue(request.GetType(), out var answer)
            ? answer(request, response => stream.WriteAsync((TResponse)response), context.CancellationToken)
            : throw new RpcException(new Status(StatusCode.Unimplemented, $"The test has no answer to {request.GetType().Name}."));
    }

    private void Note(IMessage request, ServerCallContext context)
    {
        Requests.Enqueue(request);
        Authorizations.Enqueue(context.RequestHeaders.GetValue("authorization"));
    }
}
