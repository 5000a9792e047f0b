using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Coordinator.EventStore.Tests.Appending;

/// <summary>
/// Stands between a client and PostgreSQL, counts the client's requests, and can keep the answers back: a client that
/// gets no answer is one that stopped right after sending.
/// </summary>
internal sealed class WireTap : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly NpgsqlConnectionStringBuilder _server;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tap-");
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _pumps = [];
    private readonly Task _accepting;
    private TaskCompletionSource _answers = Released();
    private int _requests;

    private WireTap(string connectionString)
    {
        _server = new NpgsqlConnectionStringBuilder(connectionString);
        _listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(_directory.FullName, ".s.PGSQL.5432")));
        _listener.Listen();
        _accepting = AcceptAsync();
        ConnectionString = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Host = _directory.FullName,
            Port = 5432,
            MaxPoolSize = 1,
            SslMode = SslMode.Disable,
            GssEncryptionMode = GssEncryptionMode.Disable,
            // Else the pool's reset travels in front of the first command, as a request of its own.
            NoResetOnClose = true,
        }.ConnectionString;
    }

    public static WireTap Before(string connectionString) => new(connectionString);

    /// <summary>For one connection through the tap.</summary>
    public string ConnectionString { get; }

    /// <summary>
    /// How often the client asked for an answer since it was last set: the server answers, and a transaction can wait for
    /// the client, only after one of these.
    /// </summary>
    public int Requests
    {
        get => Volatile.Read(ref _requests);
        set => Volatile.Write(ref _requests, value);
    }

    public void HoldAnswers() => _answers = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void ReleaseAnswers() => _answers.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        ReleaseAnswers();
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_pumps);
        _stop.Dispose();
        _directory.Delete(recursive: true);
    }

    private static TaskCompletionSource Released()
    {
        var released = new TaskCompletionSource();
        released.SetResult();
        return released;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_stop.Token);
                var server = await ConnectAsync();
                _pumps.Add(PumpAsync(client, server, new RequestCounter(() => Interlocked.Increment(ref _requests))));
                _pumps.Add(PumpAsync(server, client, null));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end of the test.
        }
    }

    private async Task<Socket> ConnectAsync()
    {
        var isLocal = _server.Host!.StartsWith('/');
        EndPoint endPoint = isLocal
            ? new UnixDomainSocketEndPoint(Path.Combine(_server.Host, $".s.PGSQL.{_server.Port}"))
            : new DnsEndPoint(_server.Host, _server.Port);
        var socket = isLocal
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(endPoint, _stop.Token);
        return socket;
    }

    private async Task PumpAsync(Socket from, Socket to, RequestCounter? counter)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, _stop.Token) is var length and > 0)
            {
                counter?.Feed(buffer.AsSpan(0, length));
                if (counter is null)
                {
                    await _answers.Task.WaitAsync(_stop.Token);
                }

                await to.SendAsync(buffer.AsMemory(0, length), _stop.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // One side closed; so does the other.
        }

        from.Dispose();
        to.Dispose();
    }

    /// <summary>Follows the frames of a client's stream: a first one without type, then type, length, body.</summary>
    private sealed class RequestCounter(Action counted)
    {
        private readonly byte[] _header = new byte[5];
        private int _headerLength = 1;
        private int _bodyLeft;

        public void Feed(ReadOnlySpan<byte> bytes)
        {
            foreach (var b in bytes)
            {
                if (_bodyLeft > 0)
                {
                    _bodyLeft--;
                    continue;
                }

                _header[_headerLength++] = b;
                if (_headerLength == _header.Length)
                {
                    _bodyLeft = BinaryPrimitives.ReadInt32BigEndian(_header.AsSpan(1)) - 4;
                    _headerLength = 0;
                    // Sync, simple query, flush: what makes the server answer.
                    if (_header[0] is (byte)'S' or (byte)'Q' or (byte)'H')
                    {
                        counted();
                    }
                }
            }
        }
    }
}
