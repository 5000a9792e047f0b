namespace Grpc.Core;

/// <summary>The server that a <see cref="VerifyPeerCallback"/> judges.</summary>
public class VerifyPeerContext
{
    internal VerifyPeerContext(string targetName, string peerPem)
    {
        TargetName = targetName;
        PeerPem = peerPem;
    }

    /// <summary>The name of the target.</summary>
    public string TargetName { get; }

    /// <summary>PEM of the server's certificate.</summary>
    public string PeerPem { get; }
}
