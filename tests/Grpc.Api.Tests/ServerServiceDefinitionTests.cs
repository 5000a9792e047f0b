using Grpc.Core;

namespace Grpc.Api.Tests;

public sealed class ServerServiceDefinitionTests
{
    private static readonly Method<string, string> Method = new(
        MethodType.Unary, "service", "method", Marshallers.StringMarshaller, Marshallers.StringMarshaller);

    [Fact]
    public void A_method_is_added_once()
    {
        var builder = ServerServiceDefinition.CreateBuilder().AddMethod(Method, Echo);

        Assert.Throws<ArgumentException>(() => builder.AddMethod(Method, Echo));
    }

    [Fact]
    public void A_definition_binds_the_methods_it_was_built_with()
    {
        var builder = ServerServiceDefinition.CreateBuilder();
        var empty = builder.Build();
        var definition = builder.AddMethod(Method, Echo).Build();
        var binder = new Binder();

        empty.BindService(binder);
        Assert.Empty(binder.Names);

        definition.BindService(binder);
        Assert.Equal(["/service/method"], binder.Names);
    }

    [Fact]
    public void A_binder_refuses_the_kinds_of_method_that_it_does_not_override()
    {
        var binder = new ServiceBinderBase();

        Assert.Throws<NotImplementedException>(() => Probe.BindService(binder, new Hosting.ProbeService(new())));
        Assert.Throws<NotImplementedException>(
            () => binder.AddMethod(Method, (DuplexStreamingServerMethod<string, string>?)null));
    }

    [Fact]
    public void A_generated_base_class_names_its_binding_method()
    {
        var attribute = (BindServiceMethodAttribute?)Attribute.GetCustomAttribute(
            typeof(Hosting.ProbeService), typeof(BindServiceMethodAttribute));

        Assert.Equal(typeof(Probe), attribute?.BindType);
        Assert.Equal("BindService", attribute?.BindMethodName);
    }

    private static Task<string> Echo(string request, ServerCallContext context) => Task.FromResult(request);

    private sealed class Binder : ServiceBinderBase
    {
        public List<string> Names { get; } = [];

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) =>
            Names.Add(method.FullName);
    }
}
