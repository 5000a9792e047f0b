namespace Coordinator.Server.Configuration;

/// <summary>What a caller may do, however it proves who it is.</summary>
public abstract class GrantOptions
{
    /// <summary>Stands for every application or every target.</summary>
    public const string All = "*";

    /// <summary>Who this is; every event that the caller causes carries it.</summary>
    public string Name { get; set; } = "";

    /// <summary>instance, worker, deployer, operator or admin.</summary>
    public string Role { get; set; } = "";

    /// <summary>The applications that an <c>instance</c> may speak for; <c>*</c> for all.</summary>
    public List<string> Applications { get; set; } = [];

    /// <summary>The targets that a <c>worker</c> may work on; <c>*</c> for all.</summary>
    public List<string> Targets { get; set; } = [];
}
