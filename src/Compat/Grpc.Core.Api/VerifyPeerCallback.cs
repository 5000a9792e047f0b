namespace Grpc.Core;

/// <summary>Says whether the server is accepted, after its certificate passed the usual checks.</summary>
public delegate bool VerifyPeerCallback(VerifyPeerContext context);
