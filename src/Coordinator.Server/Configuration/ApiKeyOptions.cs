namespace Coordinator.Server.Configuration;

/// <summary>A static key, sent as <c>authorization: Bearer …</c>.</summary>
public sealed class ApiKeyOptions : GrantOptions
{
    /// <summary>The shortest key that is taken: short ones are guessed.</summary>
    public const int MinLength = 16;

    /// <summary>The key.</summary>
    public string Key { get; set; } = "";
}
