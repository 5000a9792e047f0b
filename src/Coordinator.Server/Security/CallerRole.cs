namespace Coordinator.Server.Security;

/// <summary>What kind of caller this is.</summary>
internal enum CallerRole
{
    /// <summary>A running application: reports itself.</summary>
    Instance,

    /// <summary>Runs batches.</summary>
    Worker,

    /// <summary>A deploy tool: asks whether it may go on.</summary>
    Deployer,

    /// <summary>Plans and steers migrations; its SQL runs in the targets.</summary>
    Operator,

    /// <summary>Everything.</summary>
    Admin,
}
