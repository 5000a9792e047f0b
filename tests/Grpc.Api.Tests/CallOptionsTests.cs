using Grpc.Core;

namespace Grpc.Api.Tests;

public sealed class CallOptionsTests
{
    private static readonly DateTime Deadline = new(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private static readonly CallCredentials Credentials = CallCredentials.FromInterceptor((_, _) => Task.CompletedTask);

    [Fact]
    public void Nothing_is_set_by_default()
    {
        foreach (var options in (CallOptions[])[default, new CallOptions()])
        {
            Assert.Null(options.Headers);
            Assert.Null(options.Deadline);
            Assert.Equal(CancellationToken.None, options.CancellationToken);
            Assert.Null(options.WriteOptions);
            Assert.Null(options.PropagationToken);
            Assert.Null(options.Credentials);
            Assert.False(options.IsWaitForReady);
        }
    }

    [Fact]
    public void The_constructor_sets_what_it_is_given()
    {
        var headers = new Metadata();
        var writeOptions = new WriteOptions(WriteFlags.NoCompress);
        using var source = new CancellationTokenSource();

        var options = new CallOptions(headers, Deadline, source.Token, writeOptions, credentials: Credentials);

        Assert.Same(headers, options.Headers);
        Assert.Equal(Deadline, options.Deadline);
        Assert.Equal(source.Token, options.CancellationToken);
        Assert.Same(writeOptions, options.WriteOptions);
        Assert.Same(Credentials, options.Credentials);
    }

    [Fact]
    public void Each_With_method_changes_a_copy_only()
    {
        var headers = new Metadata();
        using var source = new CancellationTokenSource();
        var original = new CallOptions(headers: headers);

        Assert.Null(original.WithHeaders(null!).Headers);
        Assert.Equal(Deadline, original.WithDeadline(Deadline).Deadline);
        Assert.Equal(source.Token, original.WithCancellationToken(source.Token).CancellationToken);
        Assert.Same(WriteOptions.Default, original.WithWriteOptions(WriteOptions.Default).WriteOptions);
        Assert.Same(Credentials, original.WithCredentials(Credentials).Credentials);
        Assert.Null(original.WithPropagationToken(null!).PropagationToken);
        Assert.True(original.WithWaitForReady().IsWaitForReady);
        Assert.False(original.WithWaitForReady().WithWaitForReady(false).IsWaitForReady);
        Assert.Same(headers, original.WithDeadline(Deadline).WithWaitForReady().Headers);
        Assert.Null(original.Deadline);
        Assert.False(original.IsWaitForReady);
    }

    [Fact]
    public void Propagation_takes_everything_over_by_default()
    {
        Assert.True(ContextPropagationOptions.Default.IsPropagateDeadline);
        Assert.True(ContextPropagationOptions.Default.IsPropagateCancellation);
        Assert.False(new ContextPropagationOptions(propagateDeadline: false).IsPropagateDeadline);
        Assert.False(new ContextPropagationOptions(propagateCancellation: false).IsPropagateCancellation);
    }
}
