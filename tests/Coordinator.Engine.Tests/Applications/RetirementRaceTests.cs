using Coordinator.Engine.Applications;
using Npgsql;

namespace Coordinator.Engine.Tests.Applications;

/// <summary>
/// INV: an acknowledged registration is seen by every later retirement, and after a retirement no older version is
/// acknowledged. Both orders, each with the first one held at its commit.
/// </summary>
public sealed class RetirementRaceTests(CoordinationFixture fixture) : IClassFixture<CoordinationFixture>, IAsyncLifetime
{
    private readonly AdmissionFixture _admission = new(fixture);

    public Task InitializeAsync() =>
        CommitBarrier.InstallAsync(fixture.Database, "coordinator.instance", "new.instance like 'held%'");

    public Task DisposeAsync() => fixture.Database.ExecuteAsync(
        "drop trigger wait_at_barrier on coordinator.instance; drop function wait_at_barrier; drop table barrier");

    [Fact]
    public async Task A_retirement_waits_for_a_registration_and_counts_it()
    {
        await _admission.AppearAsync("first-registers", 1);
        await using var held = await HeldTransaction.BeginAsync(fixture.Database, CommitBarrier.Close);
        var beat = _admission.BeatAsync("first-registers", "held-1", 1);
        await held.WaitersAsync(1);
        var retirement = _admission.RetireAsync(null, "first-registers");
        await held.WaitersAsync(2);
        Assert.False(retirement.IsCompleted);

        await held.CommitAsync();

        await beat;
        var refused = await Assert.ThrowsAsync<PostgresException>(() => retirement);
        Assert.Equal(AdmissionChanges.InstancesRemain, refused.SqlState);
        Assert.Equal("first-registers/held-1 runs version 1", refused.MessageText);
        Assert.Equal("admitted", await _admission.TryBeatAsync("first-registers", "held-1", 1));
    }

    [Fact]
    public async Task A_registration_waits_for_a_retirement_and_is_refused()
    {
        await _admission.AppearAsync("first-retires", 1);
        await using var held = await HeldTransaction.BeginAsync(fixture.Database, CommitBarrier.Close);
        var retirement = _admission.RetireAsync(CommitBarrier.WaitCommand(), "first-retires");
        await held.WaitersAsync(1);
        var beat = _admission.TryBeatAsync("first-retires", "a", 1);
        await held.WaitersAsync(2);
        Assert.False(beat.IsCompleted);

        await held.CommitAsync();

        await retirement;
        Assert.Equal("VERSION_RETIRED", await beat);
        Assert.Equal(0, await CountAsync("first-retires"));
    }

    [Fact]
    public async Task The_first_registration_of_a_version_waits_for_a_retirement_and_is_refused()
    {
        await _admission.AppearAsync("new-version", 2);
        await using var held = await HeldTransaction.BeginAsync(fixture.Database, CommitBarrier.Close);
        var retirement = _admission.RetireAsync(CommitBarrier.WaitCommand(), "new-version");
        await held.WaitersAsync(1);
        var beat = _admission.TryBeatAsync("new-version", "a", 1);
        await held.WaitersAsync(2);

        await held.CommitAsync();

        await retirement;
        Assert.Equal("VERSION_RETIRED", await beat);
        Assert.Equal(0, await CountAsync("new-version"));
    }

    [Fact]
    public async Task A_retirement_waits_for_the_first_registration_of_a_version_and_counts_it()
    {
        await using var held = await HeldTransaction.BeginAsync(fixture.Database, CommitBarrier.Close);
        var beat = _admission.BeatAsync("very-first", "held-1", 1);
        await held.WaitersAsync(1);
        var retirement = _admission.RetireAsync(null, "very-first");
        await held.WaitersAsync(2);

        await held.CommitAsync();

        await beat;
        // Either it counts the instance, or it had decided on an application that was not there yet: not retired, both times.
        await Assert.ThrowsAnyAsync<Exception>(() => retirement);
        Assert.Equal("admitted", await _admission.TryBeatAsync("very-first", "b", 1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Mutant_without_the_rows_lock_an_older_version_is_acknowledged_after_a_retirement(bool lockTheRow)
    {
        var application = lockTheRow ? "locking" : "mutant";
        await _admission.AppearAsync(application, 1);
        await using var held = await HeldTransaction.BeginAsync(fixture.Database, CommitBarrier.Close);
        var registration = RegisterAsync(application, lockTheRow);
        await held.WaitersAsync(1);
        var retirement = _admission.RetireAsync(null, application);
        if (lockTheRow)
        {
            await held.WaitersAsync(2);
            await held.CommitAsync();
            await Assert.ThrowsAsync<PostgresException>(() => retirement);
            Assert.True(await registration);
        }
        else
        {
            // The gate counts nobody and opens, and then somebody is told that he may run.
            await retirement;
            await held.CommitAsync();
            Assert.True(await registration);
        }

        var violated = await fixture.Database.ScalarAsync<bool>(
            $"""
            select exists (select from coordinator.instance i join coordinator.application a on a.name = i.application
                where a.name = '{application}' and i.state = 0 and i.version < a.floor)
            """);
        Assert.Equal(!lockTheRow, violated);
    }

    [Fact]
    public async Task Registrations_of_two_replicas_do_not_wait_for_each_other()
    {
        await _admission.AppearAsync("sharing", 1);
        await using var second = new CoordinationDatabase(fixture.Database.ConnectionString);
        var replica = new InstanceRegistry(second, fixture.Store, fixture.Options);
        await using var held = await HeldTransaction.BeginAsync(fixture.Database, CommitBarrier.Close);
        Task[] beats =
        [
            _admission.BeatAsync("sharing", "held-1", 1),
            replica.HeartbeatAsync(new InstanceReport("sharing", "held-2", 1, ""), CancellationToken.None),
        ];
        // Both have the row's lock and wait at their commits.
        await held.WaitersAsync(2);
        Assert.Equal(2, await fixture.Database.ScalarAsync<long>(
            """
            select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
                and query like '%coordinator.instance%'
            """));

        await held.CommitAsync();

        await Task.WhenAll(beats);
    }

    [Fact]
    public async Task Mutant_sharers_that_update_the_row_deadlock()
    {
        await _admission.AppearAsync("upgrading", 1);
        const string share = "select from coordinator.application where name = 'upgrading' for share";
        const string update = "update coordinator.application set floor = floor where name = 'upgrading'";
        await using var one = await HeldTransaction.BeginAsync(fixture.Database, share);
        await using var other = await HeldTransaction.BeginAsync(fixture.Database, share);
        var first = one.ExecuteAsync(update);
        await other.WaitersAsync(1);
        var second = other.ExecuteAsync(update);

        var ends = await Task.WhenAll(OutcomeAsync(first, one), OutcomeAsync(second, other));

        Assert.Contains(PostgresErrorCodes.DeadlockDetected, ends);
    }

    [Fact]
    public async Task Many_registrations_renewals_and_retirements_at_once_never_deadlock()
    {
        string[] applications = ["busy-a", "busy-b"];
        foreach (var application in applications)
        {
            await _admission.AppearAsync(application, 1);
            await _admission.AppearAsync(application, 2);
        }

        await using var second = new CoordinationDatabase(fixture.Database.ConnectionString);
        var registry = new InstanceRegistry(second, fixture.Store, fixture.Options);
        var work = new List<Task>();
        for (var n = 0; n < 60; n++)
        {
            var application = applications[n % 2];
            var instance = $"i{n % 20}";
            work.Add(_admission.BeatAsync(application, instance, 2));
            work.Add(registry.HeartbeatAsync(new InstanceReport(application, instance, 2, ""), CancellationToken.None));
            if (n % 10 == 0)
            {
                work.Add(RetryAsync(() => _admission.RetireAsync(null, "busy-b", "busy-a")));
                work.Add(RetryAsync(() => _admission.EndLimitsAsync("busy-a", "busy-b")));
            }
        }

        await Task.WhenAll(work);
        Assert.Equal(20, await CountAsync("busy-a") + await CountAsync("busy-b"));
    }

    private static async Task RetryAsync(Func<Task> change)
    {
        for (var attempt = 0; attempt < 50; attempt++)
        {
            try
            {
                await change();
                return;
            }
            catch (EventStore.Appending.EventStreamUnexpectedMaxEventIdException)
            {
                // Somebody was faster; a deadlock would be another exception.
            }
        }

        throw new TimeoutException("Always somebody was faster.");
    }

    // What Registration does, with and without its first statement.
    private async Task<bool> RegisterAsync(string application, bool lockTheRow)
    {
        await using var batch = fixture.Database.DataSource.CreateBatch();
        if (lockTheRow)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand("select from coordinator.application where name = $1 for share")
            {
                Parameters = { new() { Value = application } },
            });
        }

        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            """
            insert into coordinator.instance (application, instance, version, expires_at)
            select $1, 'held-1', 1, clock_timestamp() + interval '15 s'
            from coordinator.application where name = $1 and 1 >= floor
            """)
        {
            Parameters = { new() { Value = application } },
        });
        return await batch.ExecuteNonQueryAsync() == 1;
    }

    private static async Task<string> OutcomeAsync(Task<int> update, HeldTransaction transaction)
    {
        try
        {
            await update;
            await transaction.CommitAsync();
            return "";
        }
        catch (PostgresException exception)
        {
            return exception.SqlState;
        }
    }

    private Task<long> CountAsync(string application) => fixture.Database.ScalarAsync<long>(
        $"select count(*) from coordinator.instance where application = '{application}' and state = 0");
}
