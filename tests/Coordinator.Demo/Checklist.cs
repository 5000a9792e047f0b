namespace Coordinator.Demo;

/// <summary>What has to be true in the end.</summary>
internal sealed class Checklist(Transcript transcript)
{
    private bool _allPassed = true;

    public bool AllPassed => _allPassed;

    public void Check(string what, bool holds, string found)
    {
        _allPassed &= holds;
        transcript.Row($"{(holds ? "ok    " : "FAILED")} {what}: {found}");
    }
}
