using Coordinator.EventStore;
using Npgsql;

namespace Coordinator.Engine.Applications;

/// <summary>
/// The lock under which an application's admission interval changes: its row FOR UPDATE, against which registrations
/// hold it FOR SHARE. Every append to an application's stream takes it first, in the order of the names, so that no two
/// of them and no registration can wait for each other in a circle.
/// </summary>
internal static class ApplicationLock
{
    /// <summary>Takes the rows before the session's streams. Those that events are appended to are created first.</summary>
    public static void Enlist(IEventSession session, IReadOnlyCollection<string> applications, IReadOnlyCollection<string> changed)
    {
        if (changed.Count > 0)
        {
            session.EnlistBefore(new NpgsqlBatchCommand(
                """
                insert into coordinator.application (name)
                select name from unnest($1) as name order by name
                on conflict do nothing
                """)
            {
                Parameters = { new() { Value = changed.ToArray() } },
            });
        }

        session.EnlistBefore(new NpgsqlBatchCommand(
            "select from coordinator.application where name = any($1) order by name for update")
        {
            Parameters = { new() { Value = applications.ToArray() } },
        });
    }
}
