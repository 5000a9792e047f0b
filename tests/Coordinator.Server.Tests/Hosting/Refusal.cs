using Google.Rpc;
using Grpc.Core;

namespace Coordinator.Server.Tests.Hosting;

/// <summary>A call that failed, as a client that knows google.rpc reads it.</summary>
internal sealed record Refusal(StatusCode Code, string Text, ErrorInfo Info, Google.Rpc.Status Details)
{
    public string Reason => Info.Reason;

    public string Remedy => Info.Metadata.GetValueOrDefault("remedy", "");

    public IReadOnlyList<BadRequest.Types.FieldViolation> Fields =>
        Unpack<BadRequest>()?.FieldViolations.ToList() ?? [];

    public RetryInfo? Retry => Unpack<RetryInfo>();

    public PreconditionFailure? Precondition => Unpack<PreconditionFailure>();

    /// <summary>Makes the call, which has to fail, with details that follow the rules for all errors.</summary>
    public static async Task<Refusal> OfAsync(Func<Task> call)
    {
        var exception = await Assert.ThrowsAsync<RpcException>(() => call().WaitAsync(Testing.Eventually.DefaultBound));
        var refusal = Read(exception);
        Assert.Matches("^[A-Z][A-Z0-9_]+$", refusal.Reason);
        Assert.Equal("coordinator", refusal.Info.Domain);
        Assert.NotEmpty(refusal.Remedy);
        Assert.Equal((int)exception.StatusCode, refusal.Details.Code);
        Assert.Equal(refusal.Text, refusal.Details.Message);
        Assert.InRange(refusal.Details.CalculateSize(), 1, 6 * 1024);
        return refusal;
    }

    public static Task<Refusal> OfAsync<T>(AsyncUnaryCall<T> call) => OfAsync(() => call.ResponseAsync);

    public static Refusal Read(RpcException exception)
    {
        var bytes = Assert.Single(exception.Trailers, entry => entry.Key == "grpc-status-details-bin").ValueBytes;
        var details = Google.Rpc.Status.Parser.ParseFrom(bytes);
        return new Refusal(exception.StatusCode, exception.Status.Detail, details.Details[0].Unpack<ErrorInfo>(), details);
    }

    private T? Unpack<T>()
        where T : class, Google.Protobuf.IMessage, new() =>
        Details.Details.Where(detail => detail.Is(new T().Descriptor)).Select(detail => detail.Unpack<T>()).FirstOrDefault();
}
