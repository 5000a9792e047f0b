using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using Coordinator.Postgres.Ledger;
using Npgsql;

namespace Coordinator.Postgres.Tests.Ledger;

/// <summary>Who may call what in schema coordinator, and forms that our SQL must not use.</summary>
public sealed class BatchFunctionTests(InstalledTargetFixture fixture) : IClassFixture<InstalledTargetFixture>
{
    [Theory]
    [InlineData("select * from coordinator.ledger")]
    [InlineData("update coordinator.ledger set state = 'open'")]
    [InlineData("update coordinator.fence set mode = 'open'")]
    [InlineData("insert into coordinator.quarantine (migration, step, key, sqlstate, message) values ('m', 's', 'k', '0', '')")]
    [InlineData("delete from coordinator.sync_trigger")]
    [InlineData("select coordinator.fence_key('m')")]
    [InlineData("select coordinator.trigger_problem('m', 't', 'x')")]
    public async Task A_worker_reaches_the_ledger_through_the_protocol_only(string sql)
    {
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, await FailureAsync(fixture.Target.Worker, sql));
    }

    [Theory]
    [InlineData("select coordinator.enter_fence('m')")]
    [InlineData("select coordinator.claim_batch('m', 's', 1, 0, 1, 1, gen_random_uuid())")]
    [InlineData("select coordinator.apply_batch('select 1', 0, 1)")]
    [InlineData("select * from coordinator.read_batch('m', 's', 1)")]
    public async Task An_application_reaches_nothing_of_it(string sql)
    {
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, await FailureAsync(fixture.Target.Application, sql));
    }

    [Fact]
    public async Task Every_function_that_runs_with_coordinators_rights_has_a_fixed_search_path()
    {
        Assert.Equal(0L, await fixture.Target.Database.ScalarAsync<long>(
            """
            select count(*) from pg_proc
             where pronamespace = 'coordinator'::regnamespace and prosecdef
               and not coalesce(proconfig @> array['search_path=pg_catalog, pg_temp'], false)
            """));
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("rollback")]
    [InlineData("update x set n = 1; commit")]
    [InlineData("savepoint s")]
    public async Task A_statement_cannot_end_the_transaction_that_runs_it(string statement)
    {
        await using var connection = await fixture.Target.Worker.OpenConnectionAsync();

        var failure = await Assert.ThrowsAsync<PostgresException>(
            () => connection.ExecuteAsync("select coordinator.apply_batch($1, 0, 1)", [statement], default));

        Assert.Contains(failure.SqlState, (string[])["0A000", "2D000", "42P01"]);
    }

    /// <summary>SKIP LOCKED loses rows that somebody is just writing, and a blocking advisory lock deadlocks with a concurrent index build.</summary>
    [Fact]
    public async Task Our_sql_never_skips_locked_rows_and_never_waits_for_an_advisory_lock()
    {
        var assembly = typeof(FenceControl).Assembly;
        var texts = new List<string>();
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.EndsWith(".sql", StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            texts.Add(await reader.ReadToEndAsync());
        }

        texts.AddRange(StringsIn(assembly));
        Assert.Contains(texts, text => text.Contains("for no key update", StringComparison.Ordinal));
        Assert.Contains(texts, text => text.Contains("update coordinator.fence", StringComparison.Ordinal));
        Assert.All(texts, text =>
        {
            Assert.DoesNotMatch(new Regex(@"skip\s+locked", RegexOptions.IgnoreCase), text);
            Assert.DoesNotMatch(new Regex(@"(?<!try_)\bpg_advisory_(xact_)?lock", RegexOptions.IgnoreCase), text);
        });
    }

    /// <summary>Every string constant in the assembly's code.</summary>
    private static List<string> StringsIn(Assembly assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly.Location));
        var metadata = file.GetMetadataReader();
        var strings = new List<string>();
        for (var handle = MetadataTokens.UserStringHandle(0); !handle.IsNil || strings.Count == 0; handle = metadata.GetNextHandle(handle))
        {
            strings.Add(metadata.GetUserString(handle));
        }

        return strings;
    }

    private static async Task<string> FailureAsync(NpgsqlDataSource source, string sql)
    {
        await using var connection = await source.OpenConnectionAsync();
        return (await Assert.ThrowsAsync<PostgresException>(() => connection.ExecuteAsync(sql, [], default))).SqlState;
    }
}
