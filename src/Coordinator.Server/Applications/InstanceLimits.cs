using System.Collections.Concurrent;
using Coordinator.Domain;
using Coordinator.Engine;
using Coordinator.Engine.Applications;
using Coordinator.Server.Security;
using Grpc.Core;
using Microsoft.AspNetCore.Connections.Features;

namespace Coordinator.Server.Applications;

/// <summary>What each caller and each connection may take, so that one of them leaves room for the others.</summary>
internal sealed class InstanceLimits(CoordinatorServerOptions options, CallerRegistry callers, TimeProvider time)
{
    // On an open loopback listener callers choose their own names; there they are one.
    private const string ThisMachine = "";

    private static readonly object SessionsKey = new();

    private readonly int _registrationsPerSecond = options.Limits.RegistrationsPerSecond;
    private readonly int _sessionsPerConnection = options.Limits.SessionsPerConnection;
    private readonly ConcurrentDictionary<string, RegistrationAllowance> _allowances = new(StringComparer.Ordinal);

    /// <summary>What the caller may still register.</summary>
    public RegistrationAllowance AllowanceOf(Caller caller) => _allowances.GetOrAdd(
        callers.IsOpen ? ThisMachine : caller.Name, _ => new RegistrationAllowance(_registrationsPerSecond, time));

    /// <summary>Counts a session on its connection until it is disposed.</summary>
    /// <exception cref="EngineException"><c>SESSIONS_PER_CONNECTION</c>: the connection holds as many as it may.</exception>
    public IDisposable EnterSession(ServerCallContext context)
    {
        var sessions = SessionsOn(context);
        var count = sessions.Enter();
        if (count <= _sessionsPerConnection)
        {
            return sessions;
        }

        sessions.Dispose();
        throw new EngineException(new Rejection(
            "SESSIONS_PER_CONNECTION",
            $"The connection holds {_sessionsPerConnection} sessions already.",
            "Open another connection for further instances, or raise Coordinator:Limits:SessionsPerConnection.",
            null,
            RejectionKind.ResourceExhausted));
    }

    // Streams of one connection share its items, and with the connection they are gone.
    private static ConnectionSessions SessionsOn(ServerCallContext context)
    {
        var items = context.GetHttpContext().Features.Get<IConnectionItemsFeature>()?.Items
            ?? throw new InvalidOperationException("The server has no items for its connections.");
        lock (items)
        {
            if (items.TryGetValue(SessionsKey, out var known))
            {
                return (ConnectionSessions)known!;
            }

            var sessions = new ConnectionSessions();
            items.Add(SessionsKey, sessions);
            return sessions;
        }
    }

    private sealed class ConnectionSessions : IDisposable
    {
        private int _count;

        public int Enter() => Interlocked.Increment(ref _count);

        public void Dispose() => Interlocked.Decrement(ref _count);
    }
}
