using Coordinator.Domain.Migrations;

namespace Coordinator.Server.Mapping;

/// <summary>Blockers on the wire.</summary>
internal static class BlockerMapping
{
    public static V1.Blocker ToProto(Blocker blocker) => new()
    {
        Code = blocker.Code,
        Subject = blocker.Subject,
        Message = blocker.Message,
        ClearedBy = blocker.ClearedBy,
    };
}
