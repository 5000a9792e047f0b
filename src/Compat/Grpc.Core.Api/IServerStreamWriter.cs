namespace Grpc.Core;

/// <summary>Writes the responses of a call. The stream ends when the service method returns.</summary>
/// <typeparam name="T">The message.</typeparam>
public interface IServerStreamWriter<in T> : IAsyncStreamWriter<T>
{
}
