using Coordinator.Domain;
using Coordinator.Engine;

namespace Coordinator.Server.Errors;

/// <summary>Requests that can't be understood, before the engine is asked.</summary>
internal static class InvalidRequest
{
    /// <summary>Metadata that names the field; it becomes a BadRequest.</summary>
    public const string FieldKey = "field";

    /// <summary>A field that can't be taken.</summary>
    public static EngineException Field(string field, string reason, string message, string remedy) => new(new Rejection(
        reason, message, remedy, new Dictionary<string, string> { [FieldKey] = field }, RejectionKind.InvalidArgument));
}
