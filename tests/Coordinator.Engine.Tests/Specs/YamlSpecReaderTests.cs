using Coordinator.Domain.Specs;
using Coordinator.Engine.Specs;

namespace Coordinator.Engine.Tests.Specs;

public class YamlSpecReaderTests
{
    private const string Full =
        """
        # every key there is
        migration: rename-review-comment
        target: shop
        versions:
          shop-api:    { uses_new_from: 42, free_of_old_from: 43 }
          shop-worker:
            uses_new_from: 17
            free_of_old_from: 9223372036854775807
        contract:
          soak: 24h
          approval: required
        operations:
          - rename_column: { table: review, from: comment, to: message, on_default: accept }
          - rename_column: { table: "order.line", schema: Shop, from: "select", to: größe }
          - set_not_null: { table: crm.customer, column: email, fill: "'unknown'" }
          - raw_sql:
              table: review
              expand: |
                create table review_summary (
                  id bigint primary key);
              backfill:
                table: review
                sql: update review set stars = 1 where {range} and stars is null
                verify: select count(*) from review where stars is null
              contract: drop table review_old
              rollback: drop table review_summary
        """;

    [Fact]
    public void Every_key_is_read()
    {
        var spec = Read(Full);
        Assert.Equal(("rename-review-comment", "shop"), (spec.Name, spec.Target));
        Assert.Equal(new VersionRule(42, 43), spec.Versions["shop-api"]);
        Assert.Equal(new VersionRule(17, long.MaxValue), spec.Versions["shop-worker"]);
        Assert.Equal(new ContractRule(TimeSpan.FromHours(24), true), spec.Contract);
        Assert.Equal(
            [
                new OperationSpec.RenameColumn("review", "comment", "message", null, InsertDefaultPolicy.Accept),
                new OperationSpec.RenameColumn("order.line", "select", "größe", "Shop"),
                new OperationSpec.SetNotNull("crm.customer", "email", "'unknown'"),
                new OperationSpec.RawSql(
                    "create table review_summary (\n  id bigint primary key);\n",
                    new RawBackfill(
                        "review",
                        "update review set stars = 1 where {range} and stars is null",
                        "select count(*) from review where stars is null"),
                    "drop table review_old",
                    "drop table review_summary",
                    "review"),
            ],
            spec.Operations);
    }

    [Theory]
    [InlineData("by: key, key: [tenant_id, id]", RangeKind.Key, "tenant_id,id")]
    [InlineData("key: [id]", null, "id")]
    [InlineData("by: blocks", RangeKind.Blocks, null)]
    public void A_backfill_says_by_what_its_rows_are_handed_out(string keys, RangeKind? by, string? key)
    {
        var backfill = Assert.IsType<OperationSpec.RawSql>(Assert.Single(Read(
            $$"""
            migration: m
            target: t
            versions:
              a: { uses_new_from: 1, free_of_old_from: 1 }
            operations:
              - raw_sql:
                  backfill: { table: review, handler: recompute-price, {{keys}} }
            """).Operations)).Backfill!;
        Assert.Equal((by, key), (backfill.By, backfill.Key is null ? null : string.Join(',', backfill.Key)));
    }

    [Fact]
    public void A_backfill_may_name_a_handler() => Assert.Equal(
        new RawBackfill("review", null, null, "recompute-price"),
        Assert.IsType<OperationSpec.RawSql>(Assert.Single(Read(
            """
            migration: m
            target: t
            versions:
              a: { uses_new_from: 1, free_of_old_from: 1 }
            operations:
              - raw_sql:
                  backfill: { table: review, handler: recompute-price }
            """).Operations)).Backfill);

    [Fact]
    public void Windows_line_ends_and_a_byte_order_mark_change_nothing() => Assert.Equal(
        SpecHash.Of(Read(Full)),
        SpecHash.Of(Read("\ufeff" + Full.ReplaceLineEndings("\r\n"))));

    [Fact]
    public void Json_is_yaml_too() => Assert.Equal(
        "m",
        Read("""{"migration": "m", "target": "t", "versions": {"a": {"uses_new_from": 1, "free_of_old_from": 1}}, "operations": [{"set_not_null": {"table": "t", "column": "c", "fill": "0"}}]}""").Name);

    [Theory]
    [InlineData("0", 0)]
    [InlineData("90s", 90)]
    [InlineData("15m", 900)]
    [InlineData("24h", 86_400)]
    [InlineData("7d", 604_800)]
    [InlineData("1d12h", 129_600)]
    [InlineData("0s", 0)]
    [InlineData("\"24h\"", 86_400)]
    public void A_soak_is_a_duration(string text, long seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Read(YamlSamples.WithContract($"soak: {text}")).Contract.Soak);

    [Fact]
    public void Soak_and_approval_may_be_left_out()
    {
        Assert.Equal(ContractRule.Default, Read(YamlSamples.Good).Contract);
        var quiet = Read(YamlSamples.WithContract("old_writes_quiet: 5m, statements_quiet: 1h")).Contract;
        Assert.Equal((TimeSpan.FromMinutes(5), TimeSpan.FromHours(1)), (quiet.OldWritesQuiet, quiet.StatementsQuiet));
        Assert.Equal(ContractRule.Default, Read(YamlSamples.WithContract("approval: none")).Contract);
    }

    [Fact]
    public void What_backfills_begin_with_is_read_and_may_be_left_out()
    {
        var settings = Read(YamlSamples.Good + "\nbackfill: { max_wait: 50ms, max_parallel: 4, pause_between: 1m30s, quiet_hours: 22:00-06:00 }\n").Backfill;
        Assert.Equal(
            new BackfillSettings
            {
                MaxWait = TimeSpan.FromMilliseconds(50),
                MaxParallel = 4,
                PauseBetween = TimeSpan.FromSeconds(90),
                QuietHours = "22:00-06:00",
            },
            settings);
        Assert.Null(Read(YamlSamples.Good).Backfill);
    }

    [Theory]
    [InlineData("max_wait: 1ms", "backfill", "BACKFILL_TUNING_INVALID")]
    [InlineData("max_parallel: 0", "backfill", "BACKFILL_TUNING_INVALID")]
    [InlineData("quiet_hours: 22-6", "backfill", "BACKFILL_TUNING_INVALID")]
    [InlineData("max_wait: soon", "backfill.max_wait", "DURATION_INVALID")]
    [InlineData("max_parallel: many", "backfill.max_parallel", "TYPE_WRONG")]
    [InlineData("maxwait: 50ms", "backfill.maxwait", "KEY_UNKNOWN")]
    public void What_backfills_can_not_begin_with_is_refused_with_its_place(string line, string place, string code)
    {
        var invalid = Assert.IsType<SpecReadResult.Invalid>(YamlSpecReader.Read($"{YamlSamples.Good}\nbackfill: {{ {line} }}\n"));
        var error = Assert.Single(invalid.Errors);
        Assert.Equal((place, code), (error.Place.Split(' ')[^1], error.Code));
    }

    private static MigrationSpec Read(string yaml)
    {
        var result = YamlSpecReader.Read(yaml);
        Assert.True(
            result is SpecReadResult.Spec,
            result is SpecReadResult.Invalid invalid ? string.Join("; ", invalid.Errors) : "");
        return ((SpecReadResult.Spec)result).Value;
    }
}
