namespace Coordinator.Demo;

/// <summary>The eight places that instances run in, and how few of them were ever taken.</summary>
internal sealed class BankFleet(
    IReadOnlyList<string> addresses, Pgbench pgbench, LoadRecord record, Func<int, IReadOnlyList<string>> script, double rate)
    : IAsyncDisposable
{
    public const int Size = 8;

    private readonly BankInstance?[] _places = new BankInstance?[Size];
    private int _starts;

    /// <summary>The fewest that ran at any moment since all eight were up.</summary>
    public int Fewest { get; private set; } = Size;

    public int Running => _places.Count(instance => instance is not null);

    public async Task StartAllAsync(int version, CancellationToken cancellationToken)
    {
        for (var place = 0; place < Size; place++)
        {
            _places[place] = await StartAsync(version, cancellationToken);
        }
    }

    /// <summary>A rolling deploy's step: stop one, start one of another version (or the same) in its place.</summary>
    public async Task<string> ReplaceAsync(int place, int version, CancellationToken cancellationToken)
    {
        var leaving = _places[place]!;
        _places[place] = null;
        Fewest = Math.Min(Fewest, Running);
        await leaving.DisposeAsync();
        var arrived = await StartAsync(version, cancellationToken);
        _places[place] = arrived;
        return $"{leaving.Name} (version {leaving.Version}) left, {arrived.Name} (version {arrived.Version}) runs";
    }

    /// <summary>Starts an instance in no place: for one that is going to be refused.</summary>
    public async Task<BankInstance> StartAsync(int version, CancellationToken cancellationToken)
    {
        var instance = new BankInstance(addresses, $"bank-{++_starts}", version);
        try
        {
            await instance.StartAsync(pgbench, script(version), rate, record, cancellationToken);
            return instance;
        }
        catch
        {
            await instance.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops whoever runs; may be called again.</summary>
    public async ValueTask DisposeAsync()
    {
        var running = _places.OfType<BankInstance>().ToList();
        Array.Clear(_places);
        await Task.WhenAll(running.Select(instance => instance.DisposeAsync().AsTask()));
    }
}
