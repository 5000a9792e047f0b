using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Tests.Specs;

/// <summary>What the text of an operator's SQL must look like before a server sees it.</summary>
public class SqlTextTests
{
    [Theory]
    [InlineData("0")]
    [InlineData("'unknown'")]
    [InlineData("'it''s'")]
    [InlineData("lower(\"Comment\") || ';' || $tag$a);b$tag$")]
    [InlineData("(select max(x) from other where other.id = review.id)")]
    [InlineData("regexp_replace(comment, '\\d+', E'\\\\;')")]
    [InlineData("array[1, 2][1]")]
    [InlineData("a$b")]
    public void An_expression(string fill) => Assert.Empty(FillErrors(fill));

    [Theory]
    [InlineData("", "SQL_EMPTY")]
    [InlineData("  \n", "SQL_EMPTY")]
    [InlineData("/* nothing */", "SQL_EMPTY")]
    [InlineData("0; drop table review", "SQL_SEVERAL_STATEMENTS")]
    [InlineData("0) where true; --", "SQL_MALFORMED")]
    [InlineData("0), stars = (1", "SQL_MALFORMED")]
    [InlineData("(0", "SQL_MALFORMED")]
    [InlineData("[0)", "SQL_MALFORMED")]
    [InlineData("'open", "SQL_MALFORMED")]
    [InlineData("\"open", "SQL_MALFORMED")]
    [InlineData("$$open", "SQL_MALFORMED")]
    [InlineData("$a$ $A$", "SQL_MALFORMED")]
    [InlineData("/* open /* */", "SQL_MALFORMED")]
    [InlineData("'a\\'||(select 1)||'", "SQL_MALFORMED")]
    [InlineData("E'a\\", "SQL_MALFORMED")]
    [InlineData("0\0", "SQL_MALFORMED")]
    [InlineData("0 -- why", "SQL_COMMENT")]
    [InlineData("0 /* why */", "SQL_COMMENT")]
    [InlineData("$1 + 1", "SQL_PARAMETER")]
    public void What_is_no_expression(string fill, string code) => Assert.Equal(code, Assert.Single(FillErrors(fill)));

    [Fact]
    public void An_expression_that_is_too_long() => Assert.Equal("SQL_TOO_LONG", Assert.Single(FillErrors(new string('1', 100_001))));

    [Theory]
    [InlineData("create table t (id int)")]
    [InlineData("create table t (id int);")]
    [InlineData("create table t (id int); -- done; really")]
    [InlineData("create function f() returns int language sql as $$ select 1; select 2; $$")]
    [InlineData("comment on table t is 'a; commit'")]
    [InlineData("create index on t (a)")]
    [InlineData("refresh materialized view concurrently v")]
    [InlineData("prepare_something()")]
    [InlineData("insert into t select 'concurrently'")]
    public void A_statement(string sql) => Assert.Empty(ContractErrors(sql));

    [Theory]
    [InlineData(";", "SQL_EMPTY")]
    [InlineData("drop table a; drop table b", "SQL_SEVERAL_STATEMENTS")]
    [InlineData("drop table a; commit", "SQL_SEVERAL_STATEMENTS")]
    [InlineData("begin", "SQL_TRANSACTION_CONTROL")]
    [InlineData("/* x */ COMMIT", "SQL_TRANSACTION_CONTROL")]
    [InlineData("rollback", "SQL_TRANSACTION_CONTROL")]
    [InlineData("savepoint a", "SQL_TRANSACTION_CONTROL")]
    [InlineData("release a", "SQL_TRANSACTION_CONTROL")]
    [InlineData("start transaction", "SQL_TRANSACTION_CONTROL")]
    [InlineData("end", "SQL_TRANSACTION_CONTROL")]
    [InlineData("abort", "SQL_TRANSACTION_CONTROL")]
    [InlineData("prepare transaction 'x'", "SQL_TRANSACTION_CONTROL")]
    [InlineData("set role postgres", "SQL_TRANSACTION_CONTROL")]
    [InlineData("set session authorization postgres", "SQL_TRANSACTION_CONTROL")]
    [InlineData("reset role", "SQL_TRANSACTION_CONTROL")]
    [InlineData("discard all", "SQL_TRANSACTION_CONTROL")]
    [InlineData("vacuum t", "SQL_NOT_IN_TRANSACTION")]
    [InlineData("create index concurrently i on t (a)", "SQL_NOT_IN_TRANSACTION")]
    [InlineData("drop index concurrently i", "SQL_NOT_IN_TRANSACTION")]
    [InlineData("reindex index concurrently i", "SQL_NOT_IN_TRANSACTION")]
    [InlineData("alter table t detach partition p concurrently", "SQL_NOT_IN_TRANSACTION")]
    [InlineData("create database d", "SQL_NOT_IN_TRANSACTION")]
    [InlineData("alter system set a = 1", "SQL_NOT_IN_TRANSACTION")]
    [InlineData("copy t from stdin", "SQL_NOT_IN_TRANSACTION")]
    public void What_can_not_run_in_a_function(string sql, string code) => Assert.Equal(code, Assert.Single(ContractErrors(sql)));

    [Theory]
    [InlineData("update t set a = 1 where {range}", null)]
    [InlineData("UPDATE only t set a = '{range' where {range} and a is null;", null)]
    [InlineData("update t set a = 1", "BACKFILL_RANGE")]
    [InlineData("update t set a = 1 where {range} or {range}", "BACKFILL_RANGE")]
    [InlineData("update t set a = '{range}'", "BACKFILL_RANGE")]
    [InlineData("update t set a = 1 where {range} -- {range}", "BACKFILL_RANGE")]
    [InlineData("update t set a = 1 where { range }", "BACKFILL_RANGE")]
    [InlineData("update t set a = 1 where {RANGE}", "BACKFILL_RANGE")]
    [InlineData("with x as (select 1) update t set a = 1 where {range}", "BACKFILL_NOT_UPDATE")]
    [InlineData("delete from t where {range}", "BACKFILL_NOT_UPDATE")]
    [InlineData("insert into b select id from t where {range} for key share on conflict (id) do nothing", null)]
    [InlineData("insert into b select id from t where {range} FOR NO KEY UPDATE on conflict (id) do update set a = 1", null)]
    [InlineData("insert into b select id from t where {range} on conflict do nothing", "BACKFILL_COPY_UNLOCKED")]
    [InlineData("insert into b select id from (select id from t where {range} for key share) s on conflict do nothing", "BACKFILL_COPY_UNLOCKED")]
    [InlineData("insert into b select id from t where {range} for key share", "BACKFILL_COPY_CONFLICT")]
    [InlineData("insert into b select id from t where {range} for share skip locked on conflict do nothing", "BACKFILL_SKIPS")]
    [InlineData("update t set a = $3 where {range}", "SQL_PARAMETER")]
    public void A_backfill_is_one_update_or_locking_copy_with_one_range(string sql, string? code) =>
        Assert.Equal(code, BackfillErrors(sql, null).SingleOrDefault());

    [Theory]
    [InlineData("select count(*) from t where a is null", null)]
    [InlineData("with x as (select 1) select count(*) from x", null)]
    [InlineData("select count(*) from t where {range}", null)]
    [InlineData("select count(*) from t where {range} and {range}", "BACKFILL_RANGE")]
    [InlineData("delete from t", "VERIFY_NOT_SELECT")]
    [InlineData("select $1", "SQL_PARAMETER")]
    [InlineData("", "SQL_EMPTY")]
    public void A_verification_is_one_query(string verify, string? code) =>
        Assert.Equal(code, BackfillErrors("update t set a = 1 where {range}", verify).SingleOrDefault());

    [Theory]
    [InlineData(null, "recompute-price", null)]
    [InlineData(null, null, "BACKFILL_EMPTY")]
    [InlineData("update t set a = 1 where {range}", "recompute-price", "BACKFILL_AMBIGUOUS")]
    [InlineData(null, "", "HANDLER_INVALID")]
    [InlineData(null, "Recompute", "HANDLER_INVALID")]
    [InlineData(null, "recompute price", "HANDLER_INVALID")]
    [InlineData(null, "a'; drop table t", "HANDLER_INVALID")]
    [InlineData(null, "price-", "HANDLER_INVALID")]
    public void A_backfill_is_one_statement_or_one_handler(string? sql, string? handler, string? code) => Assert.Equal(
        code,
        Codes(new OperationSpec.RawSql(null, new RawBackfill("t", sql, null, handler), null, null)).SingleOrDefault());

    [Fact]
    public void An_expand_part_needs_its_way_back() =>
        Assert.Equal(["ROLLBACK_MISSING"], Codes(new OperationSpec.RawSql("create table t (id int)", null, null, null)));

    [Fact]
    public void An_operation_does_something()
    {
        Assert.Equal(["RAW_SQL_EMPTY"], Codes(new OperationSpec.RawSql(null, null, null, null)));
        Assert.Equal(["RAW_SQL_EMPTY"], Codes(new OperationSpec.RawSql(null, null, null, "drop table t")));
    }

    private static IReadOnlyList<string> FillErrors(string fill) => Codes(Samples.NotNull with { Fill = fill });

    private static IReadOnlyList<string> ContractErrors(string sql) => Codes(new OperationSpec.RawSql(null, null, sql, null));

    private static IReadOnlyList<string> BackfillErrors(string sql, string? verify) =>
        Codes(new OperationSpec.RawSql(null, new RawBackfill("t", sql, verify), null, null));

    private static IReadOnlyList<string> Codes(OperationSpec operation) =>
        [.. SpecValidator.Validate(Samples.Spec(operation)).Select(static e => e.Code)];
}
