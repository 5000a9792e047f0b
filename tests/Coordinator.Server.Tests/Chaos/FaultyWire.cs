using System.Collections.Concurrent;

namespace Coordinator.Server.Tests.Chaos;

/// <summary>
/// The network between one worker and the service, under the real gRPC client. Messages are lost on the way there or back,
/// arrive twice, or once more much later; a worker that is frozen neither sends nor hears; one that was cut off is a process
/// that is gone.
/// </summary>
internal sealed class FaultyWire(HttpMessageHandler network, Func<Uri> service, ConcurrentQueue<Func<Task>> strays, int seed)
    : HttpMessageHandler
{
    // Not a DelegatingHandler: behind one of those the gRPC client would find the sockets, and connect by itself.
    private readonly HttpMessageInvoker _network = new(network);

    private const double RequestLost = 0.02;
    private const double ResponseLost = 0.04;
    private const double Repeated = 0.04;
    private const double RepeatedLate = 0.06;

    private readonly Random _random = new(seed);
    private readonly Lock _lock = new();
    private TaskCompletionSource _thawed = Open();
    private volatile bool _cut;

    /// <summary>From now on nothing goes through, and nothing fails either, until <see cref="Thaw"/>.</summary>
    public void Freeze() => Interlocked.Exchange(ref _thawed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public void Thaw() => Volatile.Read(ref _thawed).TrySetResult();

    /// <summary>The worker's process is gone: no message of it arrives any more.</summary>
    public void Cut()
    {
        _cut = true;
        Thaw();
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
        await Volatile.Read(ref _thawed).Task.WaitAsync(cancellationToken);
        if (_cut)
        {
            return Refusal();
        }

        if (Draw(RequestLost))
        {
            throw Lost("request");
        }

        if (Draw(Repeated))
        {
            await SendAndForgetAsync(request, body, cancellationToken);
        }

        if (Draw(RepeatedLate))
        {
            var copy = Copy(request, body);
            strays.Enqueue(() => DeliverAsync(copy));
        }

        var response = await _network.SendAsync(Copy(request, body), cancellationToken);
        var lost = Draw(ResponseLost);
        await Volatile.Read(ref _thawed).Task.WaitAsync(cancellationToken);
        if (!lost && !_cut)
        {
            return response;
        }

        using (response)
        {
            await response.Content.ReadAsByteArrayAsync(cancellationToken);
        }

        return _cut ? Refusal() : throw Lost("response");
    }

    protected override void Dispose(bool disposing)
    {
        _network.Dispose();
        base.Dispose(disposing);
    }

    private static TaskCompletionSource Open()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }

    /// <summary>Nobody hears a process that is gone. Said in a way that lets what is left of it here end at once.</summary>
    private static HttpResponseMessage Refusal()
    {
        var refusal = new HttpResponseMessage(System.Net.HttpStatusCode.OK)
        {
            Version = System.Net.HttpVersion.Version20,
            Content = new ByteArrayContent([]),
        };
        refusal.Content.Headers.ContentType = new("application/grpc");
        // FAILED_PRECONDITION: a worker does not say it again.
        refusal.Headers.Add("grpc-status", "9");
        return refusal;
    }

    // What gRPC takes for a connection that broke.
    private static HttpRequestException Lost(string what) => new($"The {what} was lost.", new IOException("lost"));

    private bool Draw(double probability)
    {
        lock (_lock)
        {
            return _random.NextDouble() < probability;
        }
    }

    private async Task SendAndForgetAsync(HttpRequestMessage request, byte[] body, CancellationToken cancellationToken)
    {
        using var response = await _network.SendAsync(Copy(request, body), cancellationToken);
        await response.Content.ReadAsByteArrayAsync(cancellationToken);
    }

    /// <summary>A message that wandered about and arrives when nobody waits for it any more.</summary>
    private async Task DeliverAsync(HttpRequestMessage message)
    {
        try
        {
            message.RequestUri = new Uri(service(), message.RequestUri!.AbsolutePath);
            using var response = await _network.SendAsync(message, CancellationToken.None);
            await response.Content.ReadAsByteArrayAsync();
        }
        catch (Exception exception) when (exception is HttpRequestException or ObjectDisposedException or IOException)
        {
            // It found nobody.
        }
    }

    private HttpRequestMessage Copy(HttpRequestMessage request, byte[] body)
    {
        var copy = new HttpRequestMessage(request.Method, new Uri(service(), request.RequestUri!.AbsolutePath))
        {
            Version = request.Version,
            VersionPolicy = request.VersionPolicy,
            Content = new ByteArrayContent(body),
        };
        foreach (var header in request.Headers)
        {
            copy.Headers.TryAddWithoutValidation(header.Key, header.Value);
        }

        foreach (var header in request.Content!.Headers)
        {
            copy.Content.Headers.TryAddWithoutValidation(header.Key, header.Value);
        }

        return copy;
    }
}
