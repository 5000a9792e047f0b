namespace Coordinator.Postgres.Verification;

/// <summary>A row that is wrong, as a look found it.</summary>
/// <param name="Place">Where it stood then (ctid).</param>
/// <param name="Key">Its primary key as a JSON object; empty where the table has none.</param>
public sealed record WrongRow(string Place, string Key)
{
    /// <summary>How a person finds it: by its key, or else by its place.</summary>
    public string Name => Key.Length > 0 ? Key : $"ctid {Place}";
}
