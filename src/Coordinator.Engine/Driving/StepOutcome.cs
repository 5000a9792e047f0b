namespace Coordinator.Engine.Driving;

/// <summary>How a step ended. A step that is not done is not an outcome: its executor goes on waiting, and says for what.</summary>
internal abstract record StepOutcome
{
    private StepOutcome()
    {
    }

    /// <summary>Done, with what shows it.</summary>
    public sealed record Completed(IReadOnlyDictionary<string, string> Evidence) : StepOutcome;

    /// <summary>Stopped by something that trying again by itself won't cure: a person decides.</summary>
    public sealed record Failed(string Code, string Reason, string Remedy) : StepOutcome;

    public static StepOutcome Done(params (string Key, object Value)[] evidence) => new Completed(
        evidence.ToDictionary(
            entry => entry.Key,
            entry => Convert.ToString(entry.Value, System.Globalization.CultureInfo.InvariantCulture) ?? ""));
}
