namespace Grpc.Core.Interceptors;

/// <summary>Interception of a service's methods. Of several interceptions, the last one sees a call first.</summary>
public static class ServerServiceDefinitionExtensions
{
    /// <summary>A definition whose calls go through the interceptor.</summary>
    public static ServerServiceDefinition Intercept(
        this ServerServiceDefinition serverServiceDefinition, Interceptor interceptor)
    {
        ArgumentNullException.ThrowIfNull(serverServiceDefinition);
        ArgumentNullException.ThrowIfNull(interceptor);
        return new ServerServiceDefinition(
            [binder => serverServiceDefinition.BindService(new InterceptingServiceBinder(binder, interceptor))]);
    }

    /// <summary>A definition whose calls go through the interceptors, the first of them first.</summary>
    public static ServerServiceDefinition Intercept(
        this ServerServiceDefinition serverServiceDefinition, params Interceptor[] interceptors)
    {
        ArgumentNullException.ThrowIfNull(serverServiceDefinition);
        ArgumentNullException.ThrowIfNull(interceptors);
        for (var i = interceptors.Length - 1; i >= 0; i--)
        {
            serverServiceDefinition = serverServiceDefinition.Intercept(interceptors[i]);
        }

        return serverServiceDefinition;
    }
}
