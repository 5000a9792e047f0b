using Coordinator.Domain;
using Coordinator.Engine.Leasing;

namespace Coordinator.Engine.Tests.Leasing;

public sealed class BatchGrantTests(CoordinationFixture fixture) : IClassFixture<CoordinationFixture>
{
    private static readonly int[] MostOfEach = [9, 9, 1, 4, 1, 2];

    private readonly BackfillFixture _backfills = new(fixture);

    [Fact]
    public async Task A_grant_carries_all_that_the_worker_needs()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("all", 25, 10, generation: 3));

        var granted = await _backfills.AcquireAsync("all", 10);

        Assert.Equal([(0L, 10L), (10L, 20L), (20L, 25L)], granted.Select(batch => (batch.FirstBlock, batch.EndBlock)).Order());
        var first = granted[0];
        Assert.Equal(("all", "main", BackfillFixture.Step, 1L << 32, 1L), (first.Token.Migration, first.Token.Shard, first.Token.Step, first.Token.Batch, first.Token.Epoch));
        Assert.Equal(("all", 3L, BackfillFixture.Timeline, "\"public\".\"t\"", "zz_sync"), (first.Target, first.Generation, first.Timeline, first.TriggerTable, first.TriggerName));
        Assert.StartsWith("update t", first.Statement, StringComparison.Ordinal);
        Assert.Equal(fixture.Options.BatchLease, first.LeaseDuration);
        Assert.Equal(fixture.Options.BatchLockTimeout, first.LockTimeout);
        Assert.Equal(fixture.Options.BatchStatementTimeout, first.StatementTimeout);
        Assert.Equal(3, granted.Select(batch => batch.Token.LeaseId).Distinct().Count());
    }

    [Fact]
    public async Task The_same_request_gets_the_same_leases_and_another_gets_others()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("repeat", 100, 10));
        var request = Guid.NewGuid();

        var first = await _backfills.AcquireAsync("repeat", 3, request);
        var repeated = await _backfills.AcquireAsync("repeat", 3, request);
        var other = await _backfills.AcquireAsync("repeat", 3);

        Assert.NotEmpty(first);
        Assert.Equal(first, repeated);
        Assert.Empty(other.Select(batch => batch.Token.Batch).Intersect(first.Select(batch => batch.Token.Batch)));
    }

    [Fact]
    public async Task A_batch_of_a_sweep_is_told_again_and_granted_again_for_the_same_rows()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("again-swept", 160, 10) with { SweepCell = 10 });
        var request = Guid.NewGuid();
        var first = await _backfills.AcquireAsync("again-swept", 6, request);

        Assert.Equal(first, await _backfills.AcquireAsync("again-swept", 6, request));
        await _backfills.ExpireAsync("again-swept");
        var taken = await _backfills.AcquireAsync("again-swept", 6);

        Assert.Equal(4, first.Select(batch => batch.Statement).Distinct().Count());
        Assert.Equal(
            first.Select(batch => (batch.Token.Batch, batch.FirstBlock, batch.EndBlock, batch.Statement)).Order(),
            taken.Where(batch => batch.Token.Epoch == 2).Select(batch => (batch.Token.Batch, batch.FirstBlock, batch.EndBlock, batch.Statement)).Order());
    }

    [Fact]
    public async Task A_repeat_gets_only_the_leases_that_still_hold_and_no_new_ones()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("partly", 100, 1));
        var request = Guid.NewGuid();
        var first = await _backfills.AcquireAsync("partly", 3, request);
        await _backfills.CompleteAsync(BackfillFixture.Receipt(first[0]));
        await _backfills.ReleaseAsync(first[1].Token);

        Assert.Equal([first[2]], await _backfills.AcquireAsync("partly", 3, request));
        await _backfills.ExpireAsync("partly");
        Assert.Empty(await _backfills.AcquireAsync("partly", 3, request));
    }

    [Fact]
    public async Task The_same_request_on_two_replicas_at_once_is_answered_once()
    {
        await CommitBarrier.InstallAsync(fixture.Database, "coordinator.backfill_batch", "new.migration = 'twice'");
        await _backfills.StartAsync(BackfillFixture.Pass("twice", 100, 1));
        await using var second = new CoordinationDatabase(fixture.Database.ConnectionString);
        var request = Guid.NewGuid();
        await using var held = await HeldTransaction.BeginAsync(fixture.Database, CommitBarrier.Close);
        var first = _backfills.AcquireAsync("twice", 3, request);
        await held.WaitersAsync(1);

        var code = await BackfillFixture.CodeAsync(
            () => _backfills.AcquireAsync("twice", 3, request, replica: new BatchLeasing(second, fixture.Options)));
        await held.CommitAsync();

        Assert.Equal("REQUEST_IN_PROGRESS", code);
        Assert.Equal(await first, await _backfills.AcquireAsync("twice", 3, request));
        Assert.Equal(3, await CountAsync("twice"));
    }

    [Fact]
    public async Task Work_that_another_replica_has_locked_is_neither_waited_for_nor_granted()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("busy", 1, 1));
        var lapsed = await _backfills.AcquireAsync("busy", 1);
        await _backfills.ExpireAsync("busy");
        await using (var held = await HeldTransaction.BeginAsync(
            fixture.Database, "select from coordinator.backfill_batch where migration = 'busy' for update"))
        {
            Assert.Empty(await _backfills.AcquireAsync("busy", 1));
        }

        Assert.Equal(lapsed[0].Token.Batch, Assert.Single(await _backfills.AcquireAsync("busy", 1)).Token.Batch);
    }

    [Fact]
    public async Task A_lease_that_ran_out_is_granted_again_under_a_higher_epoch()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("expired", 10, 10));
        var first = Assert.Single(await _backfills.AcquireAsync("expired", 5));
        Assert.Empty(await _backfills.AcquireAsync("expired", 5, worker: "other"));
        await _backfills.ExpireAsync("expired");

        var second = Assert.Single(await _backfills.AcquireAsync("expired", 5, worker: "other"));

        Assert.Equal(first.Token.Batch, second.Token.Batch);
        Assert.Equal(2, second.Token.Epoch);
        Assert.NotEqual(first.Token.LeaseId, second.Token.LeaseId);
        Assert.Equal((first.FirstBlock, first.EndBlock), (second.FirstBlock, second.EndBlock));
        Assert.Equal(1, (await _backfills.ProgressAsync("expired")).Takeovers);
    }

    [Fact]
    public async Task Leases_that_ran_out_are_granted_before_new_ones()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("order", 100, 1));
        var first = await _backfills.AcquireAsync("order", 2);
        await _backfills.ExpireAsync("order");

        var next = await _backfills.AcquireAsync("order", 3);

        Assert.Equal([2, 2, 1], next.OrderBy(batch => batch.FirstBlock).Select(batch => (int)batch.Token.Epoch));
        Assert.Equal(first.Select(batch => batch.Token.Batch), next.Take(2).Select(batch => batch.Token.Batch));
    }

    [Fact]
    public async Task Only_running_backfills_of_the_workers_targets_are_granted()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("paused", 100, 1));
        var request = Guid.NewGuid();
        var before = await _backfills.AcquireAsync("paused", 1, request);
        await _backfills.PauseAsync("paused");
        await _backfills.ExpireAsync("paused");

        Assert.Empty(await _backfills.AcquireAsync("paused", 5));
        Assert.Empty(await _backfills.AcquireAsync("paused", 1, request));
        Assert.Empty(await _backfills.AcquireAsync("another-target", 5));

        await _backfills.ResumeAsync("paused", new TargetFence(9, before[0].SystemIdentifier, "00000002"));
        var after = await _backfills.AcquireAsync("paused", 1);
        Assert.Equal((9L, "00000002", 2L), (after[0].Generation, after[0].Timeline, after[0].Token.Epoch));
    }

    [Fact]
    public async Task A_finished_backfill_gives_nothing()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("finished", 1, 1));
        await _backfills.CompleteAsync(BackfillFixture.Receipt((await _backfills.AcquireAsync("finished", 1))[0]));
        await _backfills.FinishAsync("finished");
        await _backfills.ResumeAsync("finished", new TargetFence(9, 1, "00000002"));

        Assert.Empty(await _backfills.AcquireAsync("finished", 1));
        Assert.Equal(BackfillRowState.Finished, (await _backfills.ProgressAsync("finished")).State);
    }

    [Fact]
    public async Task A_worker_of_an_unknown_migration_is_told_so_and_one_that_is_early_is_not()
    {
        await fixture.Database.ExecuteAsync(
            """
            insert into coordinator.migration (name, target, status, resume_status, revision, created_at, updated_at)
            values ('early', 't', 2, 0, 1, now(), now())
            """);

        var refused = await Assert.ThrowsAsync<EngineException>(() => AcquireOfAsync("unknown"));
        Assert.Equal(("BACKFILL_NOT_FOUND", RejectionKind.NotFound), (refused.Rejection.Code, refused.Rejection.Kind));
        Assert.Empty(await AcquireOfAsync("early"));
    }

    [Fact]
    public async Task A_migration_that_is_named_is_the_only_one_granted()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("one", 10, 1), BackfillFixture.Pass("two", 10, 1));

        var granted = await _backfills.Leasing.AcquireAsync("w", ["one", "two"], 100, Guid.NewGuid(), "two", CancellationToken.None);

        Assert.Equal(["two"], granted.Select(batch => batch.Token.Migration).Distinct());
    }

    [Fact]
    public async Task An_expired_batch_that_many_ask_for_at_once_is_granted_once()
    {
        await using var second = new CoordinationDatabase(fixture.Database.ConnectionString);
        BatchLeasing[] replicas = [_backfills.Leasing, new BatchLeasing(second, fixture.Options)];
        await _backfills.StartAsync(BackfillFixture.Pass("contested", 1, 1));
        await _backfills.AcquireAsync("contested", 1);
        for (var epoch = 2; epoch < 30; epoch++)
        {
            await _backfills.ExpireAsync("contested");
            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(n =>
                _backfills.AcquireAsync("contested", 5, worker: $"w{n}", replica: replicas[n % 2])));
            Assert.Equal(epoch, Assert.Single(answers.SelectMany(answer => answer)).Token.Epoch);
        }
    }

    /// <summary>Both backfills have three ranges, of six and seven batches; the first of them also has two whose lease ran out.</summary>
    [Fact]
    public async Task Requests_of_a_round_get_batches_of_their_own_over_the_ends_of_ranges()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("round-a", 20, 1), BackfillFixture.Pass("round-b", 20, 1));
        await _backfills.AcquireAsync("round-a", 2);
        await _backfills.ExpireAsync("round-a");
        AcquireRequest[] requests =
        [
            .. MostOfEach.Select((most, n) =>
                new AcquireRequest($"w{n}", ["round-a", "round-b"], most, Guid.NewGuid(), "", LeasingInput.MostBatches, [])),
        ];

        var answers = await new GrantRound(fixture.Coordination, fixture.Options).RunAsync(requests);

        var granted = requests.ToDictionary(
            request => request, request => Assert.IsType<GrantAnswer.Granted>(answers[request.RequestId]).Batches);
        Assert.All(granted, answer => Assert.InRange(answer.Value.Count, 1, answer.Key.Max));
        Assert.Equal([9, 9], requests.Take(2).Select(request => granted[request].Count));
        Assert.All(granted.Values, batches => Assert.Single(batches.Select(batch => batch.Token.Migration).Distinct()));
        foreach (var backfill in granted.Values.SelectMany(batches => batches).GroupBy(batch => batch.Token.Migration))
        {
            // From the first block on, each once.
            Assert.Equal(
                Enumerable.Range(0, backfill.Count()).Select(block => (long)block), backfill.Select(batch => batch.FirstBlock).Order());
        }

        var held = await fixture.Database.ScalarAsync<string>(
            """
            select string_agg(holder || ' ' || request_id || ' ' || lease_id, ',')
            from coordinator.backfill_batch where migration in ('round-a', 'round-b')
            """);
        var told = granted.SelectMany(answer => answer.Value.Select(batch =>
            $"{answer.Key.Worker} {answer.Key.RequestId} {batch.Token.LeaseId}"));
        Assert.Equal(told.Order(), held.Split(',').Order());
    }

    /// <summary>During a rolling deploy of the service itself.</summary>
    [Fact]
    public async Task Replicas_of_this_version_and_the_one_before_go_on_from_each_others_grants()
    {
        await _backfills.StartAsync(BackfillFixture.Pass("mixed", 30, 1));
        var blocks = new List<long>();
        for (var turn = 0; turn < 5; turn++)
        {
            blocks.AddRange((await _backfills.AcquireAsync("mixed", 3)).Select(batch => batch.FirstBlock));
            blocks.AddRange(await fixture.Database.ScalarAsync<long[]>(
                $"""
                select array_agg(first_block) from coordinator.grant_batches(array['mixed', 'mixed'], array['main', 'main'],
                    array['{BackfillFixture.Step}', '{BackfillFixture.Step}'], array[1, 1], array['w', 'w'],
                    array[gen_random_uuid(), gen_random_uuid()], array[1, 1], array[1::bigint, 3], array[false, false], array[3::bigint, 2],
                    array[1::bigint, 1], interval '1 minute')
                """));
        }

        Assert.Equal(Enumerable.Range(0, 30).Select(block => (long)block), blocks.Order());
        var sizes = await fixture.Database.ScalarAsync<long[]>(
            """
            select array_agg(n order by n)
            from (select count(*) as n from coordinator.backfill_batch where migration = 'mixed' group by request_id) of_request
            """);
        // Of each turn: three by this version, one and two by the one before.
        Assert.Equal([1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3], sizes);
    }

    /// <summary>They would take the statement for one whose sweeps go by the rows' places.</summary>
    [Fact]
    public async Task A_replica_of_the_version_before_grants_nothing_of_a_table_that_is_swept_by_its_keys()
    {
        var start = BackfillFixture.Pass("keyed", 32, 1) with { SweepCell = 2 };
        await _backfills.StartAsync(start with { Statement = "update t set n = n + 1 where id % 4 = {sweep}" });
        await _backfills.StartAsync(start with { Migration = "placed" });

        Assert.Equal(0, await OfTheVersionBeforeAsync("keyed"));
        Assert.Equal(4, await OfTheVersionBeforeAsync("placed"));
        Assert.Equal(
            ["update t set n = n + 1 where id % 4 = 0", "update t set n = n + 1 where id % 4 = 1"],
            (await _backfills.AcquireAsync("keyed", 2)).Select(batch => batch.Statement).Order());

        Task<long> OfTheVersionBeforeAsync(string migration) => fixture.Database.ScalarAsync<long>(
            $"""
            select count(*) from coordinator.grant_batches_of('{migration}', 'main', '{BackfillFixture.Step}', 1, false, interval '1 minute',
                array['w'], array[gen_random_uuid()], array[1], array[4::bigint], array[4::bigint], array[1::bigint])
            """);
    }

    private Task<IReadOnlyList<GrantedBatch>> AcquireOfAsync(string migration) =>
        _backfills.Leasing.AcquireAsync("w", ["anything"], 1, Guid.NewGuid(), migration, CancellationToken.None);

    private Task<long> CountAsync(string migration) => fixture.Database.ScalarAsync<long>(
        $"select count(*) from coordinator.backfill_batch where migration = '{migration}'");
}
