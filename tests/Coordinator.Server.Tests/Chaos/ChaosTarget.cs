using Coordinator.Testing;

namespace Coordinator.Server.Tests.Chaos;

/// <summary>
/// The target of a chaos run. Column <c>comment</c> of table <c>item</c> is renamed under the sync trigger, and then
/// <c>n = n + 1</c> is done to the items of every slot: not idempotent, so a batch that ran twice or not at all shows in the
/// rows. Table <c>slot</c>, whose blocks those batches are, is never written, so no row changes its batch. At last <c>k = k + 1</c> is done
/// to the items by their key. All but the slots are gone over in sweeps. A log without a key has an entry for every transaction that ran
/// a batch's statement and committed.
/// </summary>
internal sealed class ChaosTarget : IAsyncDisposable
{
    public const int Items = 1200;

    /// <summary>Where a worker can be held, in the order of a batch; where a successor meets a batch that is under way, more often.</summary>
    public static readonly string[] Points = ["raise", "fence", "check", "claim", "write", "write", "written", "finish", "finish", "commit"];

    /// <summary>Between the raise and the claim of a holder that is not the first.</summary>
    public const string AfterRaise = "again";

    private const int Slots = 240;

    private ChaosTarget(TestDatabase database, TargetRoles roles)
    {
        Database = database;
        Roles = roles;
    }

    public TestDatabase Database { get; }

    public TargetRoles Roles { get; }

    public static async Task<ChaosTarget> CreateAsync()
    {
        var database = await TestDatabase.CreateAsync();
        var roles = await TargetRoles.CreateAsync(database);
        await using (var owner = roles.OwnerSource.CreateCommand(
            $"""
            create table slot (id int primary key, pad text not null) with (autovacuum_enabled = off);
            alter table slot alter pad set storage plain;
            insert into slot select s, repeat('x', 1800) from generate_series(1, {Slots}) as s;
            create table item (
              id int primary key, slot int, n int not null default 0, k int not null default 0, comment text, touched int not null default 0,
              pad text not null default repeat('x', 300)) with (autovacuum_enabled = off);
            insert into item (id, slot, comment) select i, 1 + i % {Slots}, 'comment ' || i from generate_series(1, {Items}) as i;
            create index on item (slot);
            """))
        {
            await owner.ExecuteNonQueryAsync();
        }

        return new ChaosTarget(database, roles);
    }

    /// <summary>Sets up the points and the log; when the migration has put its functions into the target.</summary>
    public async Task InstrumentAsync()
    {
        await Database.ExecuteAsync(
            """
            create schema chaos;
            grant usage on schema chaos to public;
            create table chaos.log (batch text, lease text, rows bigint, worker text);

            create function chaos.point_key(worker text, point text) returns bigint
            language sql immutable as $$ select hashtextextended(worker || '/' || point, 3) $$;

            create function chaos.point(point text) returns void language plpgsql as $$
            declare
              v_worker text := current_setting('chaos.worker', true);
            begin
              if v_worker <> '' then
                perform pg_advisory_lock_shared(chaos.point_key(v_worker, point));
                perform pg_advisory_unlock_shared(chaos.point_key(v_worker, point));
              end if;
            end $$;

            create function chaos.writing() returns trigger language plpgsql as $$
            begin
              perform chaos.point('write');
              return null;
            end $$;
            create trigger writing before update on item for each statement execute function chaos.writing();

            create function chaos.written() returns trigger language plpgsql security definer as $$
            begin
              if current_setting('chaos.worker', true) <> '' then
                insert into chaos.log
                select current_setting('chaos.batch', true), current_setting('chaos.lease', true), count(*),
                       current_setting('chaos.worker', true)
                  from changed;
                -- as long as a batch should take, so that what happens happens in the middle of one
                perform pg_sleep(0.06 * random());
                perform chaos.point('written');
              end if;
              return null;
            end $$;
            create trigger written after update on item referencing new table as changed
              for each statement execute function chaos.written();

            create function chaos.committing() returns trigger language plpgsql as $$
            begin
              perform chaos.point('commit');
              return null;
            end $$;
            create constraint trigger committing after update on coordinator.ledger deferrable initially deferred
              for each row when (new.state = 'done') execute function chaos.committing();
            """);
        foreach (var (function, point) in new[]
        {
            ("raise_batch", "raise"), ("enter_fence", "fence"), ("check_fence", "check"), ("claim_batch", "claim"), ("finish_batch", "finish"),
        })
        {
            var told = function == "claim_batch"
                ? """

                    perform set_config('chaos.batch', p_step || '/' || p_batch, true), set_config('chaos.lease', p_epoch || ' ' || p_lease_id, true);
                    if p_epoch >= 2 then
                      perform chaos.point('again');
                    end if;
                  """
                : "";
            await ReplaceAsync(function, ("\nbegin\n", $"\nbegin\n  perform chaos.point('{point}');{told}\n  -- passed\n"));
        }
    }

    /// <summary>Replaces fragments of one of the protocol's functions; each has to be there.</summary>
    public async Task ReplaceAsync(string function, params (string Fragment, string Replacement)[] changes)
    {
        var text = await Database.ScalarAsync<string>($"select pg_get_functiondef('coordinator.{function}'::regproc)");
        foreach (var (fragment, replacement) in changes)
        {
            Assert.Contains(fragment, text, StringComparison.Ordinal);
            text = text.Replace(fragment, replacement, StringComparison.Ordinal);
        }

        await Database.ExecuteAsync(text);
    }

    /// <summary>How many transactions have run a batch and committed.</summary>
    public Task<long> CommitsAsync() => Database.ScalarAsync<long>("select count(*) from chaos.log");

    /// <summary>Ends some of the workers' sessions, wherever they are.</summary>
    public Task TerminateAsync(int percent) => Database.ExecuteAsync(
        $"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{Roles.Worker}' and random() * 100 < {percent}");

    /// <summary>Whether no session of a worker does anything.</summary>
    public Task<bool> IsQuietAsync() => Database.ScalarAsync<bool>(
        $"select not exists (select from pg_stat_activity where usename = '{Roles.Worker}' and state <> 'idle')");

    /// <summary>What contradicts exactly once, as far as the target alone can tell; nothing when all is well.</summary>
    public async Task<IReadOnlyList<string>> ViolationsAsync()
    {
        await using var command = Database.DataSource.CreateCommand(
            """
            select format('TWICE: batch %s was committed %s times', batch, count(*)) from chaos.log group by batch having count(*) > 1
            union all
            select format('TWICE: %s rows were counted %s times', count(*), n) from item where slot is not null and n > 1 group by n
            union all
            select format('TWICE: %s rows were counted %s times by key', count(*), k) from item where k > 1 group by k
            union all
            select format('MISSED: %s rows were not counted by key', count(*)) from item where slot is not null and k < 1 having count(*) > 0
            union all
            select format('MISSED: %s rows were not counted', count(*)) from item where slot is not null and n < 1 having count(*) > 0
            union all
            select format('TWICE: %s rows of nobody''s batch were counted', count(*)) from item where slot is null and n <> 0 having count(*) > 0
            union all
            select format('MISSED: %s rows are not filled', count(*)) from item where message is distinct from comment having count(*) > 0
            union all
            select format('LEDGER: batch %s is %s for %s rows under %s; the log has %s rows under %s',
                          coalesce(l.batch, c.batch), l.state, l.rows, l.lease, c.rows, c.lease)
              from (select step || '/' || batch as batch, epoch || ' ' || lease_id as lease, state, rows from coordinator.ledger) as l
              full join chaos.log as c on c.batch = l.batch
             where l.state is distinct from 'done' or l.lease is distinct from c.lease or l.rows is distinct from c.rows
            """);
        await using var reader = await command.ExecuteReaderAsync();
        var violations = new List<string>();
        while (await reader.ReadAsync())
        {
            violations.Add(reader.GetString(0));
        }

        return violations;
    }

    public ValueTask DisposeAsync() => Roles.DisposeAsync();
}
