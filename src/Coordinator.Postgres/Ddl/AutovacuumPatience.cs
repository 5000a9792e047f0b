namespace Coordinator.Postgres.Ddl;

/// <summary>For how long an ordinary autovacuum has been in the way without interruption, against how long to wait for it.</summary>
internal sealed class AutovacuumPatience(TimeProvider timeProvider, TimeSpan patience)
{
    private long? _since;

    /// <summary>True while it is to be waited for.</summary>
    public bool Look(bool inTheWay)
    {
        if (!inTheWay)
        {
            _since = null;
            return true;
        }

        _since ??= timeProvider.GetTimestamp();
        return timeProvider.GetElapsedTime(_since.Value) < patience;
    }

    /// <summary>After the one long attempt, the waiting begins again.</summary>
    public void Restart() => _since = null;
}
