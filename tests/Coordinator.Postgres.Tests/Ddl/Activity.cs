using Coordinator.Testing;

namespace Coordinator.Postgres.Tests.Ddl;

/// <summary>What the server says about sessions: the points at which tests meet them.</summary>
internal static class Activity
{
    /// <summary>The pid of a session with that label that waits for a lock, once there is one.</summary>
    public static async Task<int> WaitingForLockAsync(TestDatabase database, string labelPrefix, int sessions = 1)
    {
        var pid = 0;
        await Eventually.TrueAsync(
            async () =>
            {
                var pids = await database.ScalarAsync<int[]>(
                    $"""
                    select coalesce(array_agg(pid order by query_start), '{"{}"}') from pg_stat_activity
                    where datname = current_database() and application_name like '{labelPrefix}%' and wait_event_type = 'Lock'
                    """);
                pid = pids.FirstOrDefault();
                return pids.Length >= sessions;
            },
            $"{sessions} session(s) '{labelPrefix}…' wait for a lock");
        return pid;
    }

    /// <summary>Whether somebody waits for what that session has or wants.</summary>
    public static Task<bool> IsBlockedByAsync(TestDatabase database, int waiter, int blocker) =>
        database.ScalarAsync<bool>($"select {blocker} = any (pg_blocking_pids({waiter}))");

    public static Task TerminateAsync(TestDatabase database, int pid) =>
        database.ScalarAsync<bool>($"select pg_terminate_backend({pid})");

    public static Task CancelAsync(TestDatabase database, int pid) =>
        database.ScalarAsync<bool>($"select pg_cancel_backend({pid})");
}
