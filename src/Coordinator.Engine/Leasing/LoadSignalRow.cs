namespace Coordinator.Engine.Leasing;

/// <summary>A signal as it is stored and shown.</summary>
/// <param name="Name">Its stable name.</param>
/// <param name="Reading">What was read; null when it could not be.</param>
/// <param name="Soft">From here on nothing is added; null when the signal is shown only.</param>
/// <param name="Hard">From here on one is taken away, from twice of it half; null when the signal is shown only.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Zone">Where the reading is: <c>LOW</c>, <c>MIDDLE</c>, <c>HIGH</c>, <c>EXTREME</c>, <c>UNKNOWN</c> or <c>SHOWN</c>.</param>
/// <param name="Problem">Why it could not be read; empty when it was.</param>
public sealed record LoadSignalRow(
    string Name, double? Reading, double? Soft, double? Hard, string Unit, string Zone, string Problem);
