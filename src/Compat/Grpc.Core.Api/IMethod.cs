namespace Grpc.Core;

/// <summary>A remote method, without its message types.</summary>
public interface IMethod
{
    /// <summary>Which sides stream.</summary>
    public MethodType Type { get; }

    /// <summary>The full name of the service.</summary>
    public string ServiceName { get; }

    /// <summary>The name of the method in its service.</summary>
    public string Name { get; }

    /// <summary>The path of the method: <c>/service/method</c>.</summary>
    public string FullName { get; }
}
