namespace Coordinator.Engine.Applications;

/// <summary>What one attempt to register found.</summary>
internal enum RegistrationOutcome
{
    /// <summary>Registered or renewed, and committed.</summary>
    Acknowledged,

    /// <summary>The first instance of the application or the version: that is an event.</summary>
    FirstOfVersion,

    /// <summary>The version is outside the admission interval.</summary>
    NotAdmitted,

    /// <summary>The id is registered with another version.</summary>
    VersionChanged,

    /// <summary>The id has left, or was attested gone.</summary>
    Ended,

    /// <summary>Somebody else was at the row in the same moment; the next attempt sees what came of it.</summary>
    TryAgain,
}
