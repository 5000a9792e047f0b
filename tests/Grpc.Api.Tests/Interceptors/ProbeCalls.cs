using Grpc.Api.Tests.Hosting;
using Grpc.Core;

namespace Grpc.Api.Tests.Interceptors;

/// <summary>One call of each kind.</summary>
internal static class ProbeCalls
{
    public static async Task OfEachKindAsync(Probe.ProbeClient client)
    {
        var unary = await client.UnaryAsync(new ProbeRequest { Text = "u" });
        Assert.Equal("u", unary.Text);

        using (var call = client.ClientStream())
        {
            await call.RequestStream.WriteAsync(new ProbeRequest { Text = "c" });
            await call.RequestStream.CompleteAsync();
            Assert.Equal("c", (await call.ResponseAsync.InTimeAsync()).Text);
        }

        using (var call = client.ServerStream(new ProbeRequest { Text = "s", Count = 2 }))
        {
            Assert.Equal(2, await call.ResponseStream.ReadAllAsync().CountAsync().AsTask().InTimeAsync());
        }

        using (var call = client.Duplex())
        {
            await call.RequestStream.WriteAsync(new ProbeRequest { Text = "d" });
            await call.RequestStream.CompleteAsync();
            Assert.Equal(1, await call.ResponseStream.ReadAllAsync().CountAsync().AsTask().InTimeAsync());
        }
    }
}
