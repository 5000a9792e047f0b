using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Coordinator.Worker.Tests.Batches;

/// <summary>
/// A socket between client and server that can be cut: while a statement runs, or at the moment when the server's
/// answer to a message has arrived and the client has not seen it.
/// </summary>
internal sealed class ConnectionProxy : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("coordinator-proxy-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly NpgsqlConnectionStringBuilder _upstream;
    private readonly Lock _lock = new();
    private readonly List<Socket> _open = [];
    private bool _cutAtAnswer;
    private bool _clientSpokeLast;

    public ConnectionProxy(string connectionString)
    {
        _upstream = new NpgsqlConnectionStringBuilder(connectionString);
        _listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(_directory, ".s.PGSQL.5432")));
        _listener.Listen();
        _ = AcceptAsync();
        ConnectionString = new NpgsqlConnectionStringBuilder(connectionString) { Host = _directory, Port = 5432 }.ConnectionString;
    }

    public string ConnectionString { get; }

    /// <summary>How many times the client spoke after the server had: round trips.</summary>
    public int Turns { get; private set; }

    /// <summary>The next answer of the server cuts its connection instead of reaching the client.</summary>
    public void CutAtNextAnswer() => _cutAtAnswer = true;

    /// <summary>Cuts every connection now; the server notices when it next writes or reads.</summary>
    public void CutNow()
    {
        lock (_lock)
        {
            _open.ForEach(socket => socket.Dispose());
            _open.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        CutNow();
        _listener.Dispose();
        _stop.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_stop.Token);
                var server = await ConnectAsync();
                lock (_lock)
                {
                    _open.AddRange([client, server]);
                }

                _ = PumpAsync(client, server, fromClient: true);
                _ = PumpAsync(server, client, fromClient: false);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task<Socket> ConnectAsync()
    {
        var host = _upstream.Host ?? "localhost";
        var isPath = host.StartsWith('/');
        EndPoint endPoint = isPath
            ? new UnixDomainSocketEndPoint(Path.Combine(host, string.Create(CultureInfo.InvariantCulture, $".s.PGSQL.{_upstream.Port}")))
            : new DnsEndPoint(host, _upstream.Port);
        var socket = new Socket(
            isPath ? AddressFamily.Unix : AddressFamily.InterNetwork, SocketType.Stream,
            isPath ? ProtocolType.Unspecified : ProtocolType.Tcp);
        await socket.ConnectAsync(endPoint, _stop.Token);
        return socket;
    }

    private async Task PumpAsync(Socket from, Socket to, bool fromClient)
    {
        var buffer = new byte[65536];
        try
        {
            while (await from.ReceiveAsync(buffer, _stop.Token) is var read and > 0)
            {
                if (!fromClient && _cutAtAnswer)
                {
                    _cutAtAnswer = false;
                    break;
                }

                Turns += fromClient && !_clientSpokeLast ? 1 : 0;
                _clientSpokeLast = fromClient;
                await to.SendAsync(buffer.AsMemory(0, read), _stop.Token);
            }
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Cut.
        }

        from.Dispose();
        to.Dispose();
    }
}
