namespace Grpc.Core;

/// <summary>Writes the requests of a call.</summary>
/// <typeparam name="T">The message.</typeparam>
public interface IClientStreamWriter<in T> : IAsyncStreamWriter<T>
{
    /// <summary>Says that there are no more requests.</summary>
    public Task CompleteAsync();
}
