using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Ddl;
using Coordinator.Testing;

namespace Coordinator.Postgres.Tests.Ddl;

/// <summary>A target with a table, and a counter whose increments show how often a step ran.</summary>
internal sealed class DdlTarget : IAsyncDisposable
{
    public static readonly TableName Review = new("public", "review");

    private DdlTarget(InstalledTarget target) => Target = target;

    public InstalledTarget Target { get; }

    public TestDatabase Database => Target.Database;

    public DdlRunner Runner { get; } = new(TimeProvider.System);

    /// <summary>Attempts are made whoever is in the way, and pauses are short.</summary>
    public static DdlBudget Eager { get; } = new()
    {
        OldTransaction = TimeSpan.FromHours(1),
        FirstPause = TimeSpan.FromMilliseconds(20),
        LastPause = TimeSpan.FromMilliseconds(50),
        LookInterval = TimeSpan.FromMilliseconds(20),
    };

    public static async Task<DdlTarget> CreateAsync()
    {
        var target = await InstalledTarget.CreateAsync();
        await target.ExecuteAsOwnerAsync(
            """
            create table public.review (id int primary key, comment text);
            insert into public.review values (1, 'good');
            create table public.counter (n int not null);
            insert into public.counter values (0);
            create table public.barrier (id int primary key);
            insert into public.barrier values (1);
            """);
        return new DdlTarget(target);
    }

    /// <summary>A step on the table that also counts itself, which no retry may do twice.</summary>
    public static DdlStep Step(params string[] statements) => new()
    {
        Migration = "rename",
        Step = "expand-1",
        Statements = ["update public.counter set n = n + 1", .. statements],
        LockTable = Review,
    };

    public Task<DdlOutcome> RunAsync(DdlStep step, DdlBudget? budget = null, Waits? waits = null, CancellationToken token = default) =>
        Runner.RunAsync(Target.Coordinator, step, budget ?? Eager, waits, token);

    /// <summary>Waits until the run has reported or shown something; if it ends with an error instead, that is the test's.</summary>
    public static Task SeenAsync(Task run, Func<bool> condition, string what) => Eventually.TrueAsync(
        async () =>
        {
            if (run.IsFaulted)
            {
                await run;
            }

            return condition();
        },
        what);

    public Task<int> CountAsync() => Database.ScalarAsync<int>("select n from public.counter");

    public Task<bool> HasMarkerAsync() => Database.ScalarAsync<bool>(
        "select exists (select from coordinator.applied_step where migration = 'rename' and step = 'expand-1')");

    public ValueTask DisposeAsync() => Target.DisposeAsync();
}
