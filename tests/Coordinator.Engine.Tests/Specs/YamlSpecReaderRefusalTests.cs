using System.Diagnostics;
using System.Text;
using Coordinator.Domain.Specs;
using Coordinator.Engine.Specs;

namespace Coordinator.Engine.Tests.Specs;

public class YamlSpecReaderRefusalTests
{
    [Theory]
    [InlineData("", "YAML_EMPTY", "1:1")]
    [InlineData("# only a comment\n", "YAML_EMPTY", "1:1")]
    [InlineData("just words", "TYPE_WRONG", "1:1")]
    [InlineData("- a\n- b\n", "TYPE_WRONG", "1:1")]
    [InlineData("42", "TYPE_WRONG", "1:1")]
    [InlineData("{}: {", "YAML_MALFORMED", "2:1")]
    [InlineData("a: b: c", "YAML_MALFORMED", "1:5")]
    [InlineData("a: 'open", "YAML_MALFORMED", "1:4")]
    [InlineData("a: [1, 2", "YAML_MALFORMED", "2:1")]
    [InlineData("a: @b", "YAML_MALFORMED", "1:4")]
    [InlineData("%YAML 9.9\n---\na: b", "YAML_MALFORMED", "1:1")]
    public void What_is_no_migration_at_all(string yaml, string code, string place)
    {
        var errors = Errors(yaml);
        Assert.Equal(code, errors[0].Code);
        Assert.Equal(place, errors[0].Place);
    }

    [Theory]
    [InlineData("migration: rename-review-comment", "migration: Rename Comment", "NAME_INVALID", "1:12 migration")]
    [InlineData("migration: rename-review-comment", "migration: ~", "TYPE_WRONG", "1:12 migration")]
    [InlineData("migration: rename-review-comment", "migration: [a]", "TYPE_WRONG", "1:12 migration")]
    [InlineData("migration: rename-review-comment\n", "", "KEY_MISSING", "1:1 migration")]
    [InlineData("target: shop\n", "", "KEY_MISSING", "1:1 target")]
    [InlineData("target: shop", "target: {a: b}", "TYPE_WRONG", "2:9 target")]
    [InlineData("target: shop", "target: shop\ntarget: shop", "YAML_DUPLICATE_KEY", "3:1 target")]
    [InlineData("target: shop", "target: shop\ntargets: shop", "KEY_UNKNOWN", "3:1 targets")]
    [InlineData("target: shop", "target: &a shop", "YAML_ANCHOR", "2:9 target")]
    [InlineData("target: shop", "target: !!str shop", "YAML_TAG", "2:9 target")]
    [InlineData("target: shop", "target: !System.Object shop", "YAML_TAG", "2:9 target")]
    [InlineData("target: shop", "target: shop\n? [a, b]\n: c", "YAML_KEY_NOT_TEXT", "3:3")]
    [InlineData("target: shop", "target: shop\n<<: {a: b}", "KEY_UNKNOWN", "3:1 <<")]
    [InlineData("operations:\n  - rename_column: { table: review, from: comment, to: message }", "operations: []", "OPERATIONS_MISSING", "5:13 operations")]
    [InlineData("operations:\n  - rename_column: { table: review, from: comment, to: message }", "operations:", "TYPE_WRONG", "5:12 operations")]
    [InlineData("operations:\n  - rename_column: { table: review, from: comment, to: message }", "", "KEY_MISSING", "1:1 operations")]
    [InlineData("operations:\n  - rename_column", "operations:\n    rename_column", "TYPE_WRONG", "6:5 operations")]
    [InlineData("  shop-api: { uses_new_from: 42, free_of_old_from: 42 }", "  {}", "VERSIONS_MISSING", "4:3 versions")]
    [InlineData("  shop-api: { uses_new_from: 42, free_of_old_from: 42 }", "  - shop-api", "TYPE_WRONG", "4:3 versions")]
    [InlineData("  shop-api: {", "  Shop_Api: {", "NAME_INVALID", "4:13 versions.Shop_Api")]
    public void A_migration_with_one_thing_wrong(string part, string by, string code, string place) =>
        AssertOne(YamlSamples.Replaced(part, by), code, place);

    [Theory]
    [InlineData("42", "TYPE_WRONG", "4:13 versions.shop-api")]
    [InlineData("{ uses_new_from: 42 }", "KEY_MISSING", "4:13 versions.shop-api.free_of_old_from")]
    [InlineData("{ uses_new_from: 0, free_of_old_from: 42 }", "VERSION_INVALID", "4:30 versions.shop-api.uses_new_from")]
    [InlineData("{ uses_new_from: 43, free_of_old_from: 42 }", "VERSION_ORDER", "4:52 versions.shop-api.free_of_old_from")]
    [InlineData("{ uses_new_from: \"42\", free_of_old_from: 42 }", "TYPE_WRONG", "4:30 versions.shop-api.uses_new_from")]
    [InlineData("{ uses_new_from: 4.2, free_of_old_from: 42 }", "TYPE_WRONG", "4:30 versions.shop-api.uses_new_from")]
    [InlineData("{ uses_new_from: 0x2A, free_of_old_from: 42 }", "TYPE_WRONG", "4:30 versions.shop-api.uses_new_from")]
    [InlineData("{ uses_new_from: v42, free_of_old_from: 42 }", "TYPE_WRONG", "4:30 versions.shop-api.uses_new_from")]
    [InlineData("{ uses_new_from: 9223372036854775808, free_of_old_from: 42 }", "TYPE_WRONG", "4:30 versions.shop-api.uses_new_from")]
    [InlineData("{ uses_new_from: 42, free_of_old_from: 42, since: 1 }", "KEY_UNKNOWN", "4:56 versions.shop-api.since")]
    public void Versions_that_are_none(string rule, string code, string place) => AssertOne(YamlSamples.WithRule(rule), code, place);

    [Theory]
    [InlineData("soak: 24", "DURATION_INVALID", "7:19 contract.soak")]
    [InlineData("soak: -1h", "DURATION_INVALID", "7:19 contract.soak")]
    [InlineData("soak: 1h1d", "DURATION_INVALID", "7:19 contract.soak")]
    [InlineData("soak: 1w", "DURATION_INVALID", "7:19 contract.soak")]
    [InlineData("soak: 99999999999d", "DURATION_INVALID", "7:19 contract.soak")]
    [InlineData("soak: ''", "DURATION_INVALID", "7:19 contract.soak")]
    [InlineData("soak: [1h]", "TYPE_WRONG", "7:19 contract.soak")]
    [InlineData("soak: 91d", "SOAK_OUT_OF_RANGE", "7:19 contract.soak")]
    [InlineData("approval: yes", "VALUE_UNKNOWN", "7:23 contract.approval")]
    [InlineData("aproval: required", "KEY_UNKNOWN", "7:13 contract.aproval")]
    public void Contract_rules_that_are_none(string contract, string code, string place) =>
        AssertOne(YamlSamples.WithContract(contract), code, place);

    [Theory]
    [InlineData("rename_column", "TYPE_WRONG", "6:5 operations[0]")]
    [InlineData("{}", "OPERATION_NOT_SINGLE", "6:5 operations[0]")]
    [InlineData("{ rename_column: {}, set_not_null: {} }", "OPERATION_NOT_SINGLE", "6:5 operations[0]")]
    [InlineData("rename_colum: { table: a }", "OPERATION_UNKNOWN", "6:5 operations[0]")]
    [InlineData("rename_column: review", "TYPE_WRONG", "6:20 operations[0].rename_column")]
    [InlineData("rename_column: { table: a, from: b }", "KEY_MISSING", "6:20 operations[0].rename_column.to")]
    [InlineData("rename_column: { table: a, from: b, to: b }", "SAME_NAME", "6:45 operations[0].rename_column.to")]
    [InlineData("rename_column: { table: a, from: b, to: ctid }", "SYSTEM_COLUMN", "6:45 operations[0].rename_column.to")]
    [InlineData("rename_column: { table: a, from: b, to: null }", "TYPE_WRONG", "6:45 operations[0].rename_column.to")]
    [InlineData("rename_column: { table: a, from: b, to: c, on_default: maybe }", "VALUE_UNKNOWN", "6:60 operations[0].rename_column.on_default")]
    [InlineData("rename_column: { tabel: a, from: b, to: c, table: a }", "KEY_UNKNOWN", "6:22 operations[0].rename_column.tabel")]
    [InlineData("set_not_null: { table: a, column: b }", "KEY_MISSING", "6:19 operations[0].set_not_null.fill")]
    [InlineData("set_not_null: { table: a, column: b, fill: \"0; drop table a\" }", "SQL_SEVERAL_STATEMENTS", "6:48 operations[0].set_not_null.fill")]
    [InlineData("raw_sql: { }", "RAW_SQL_EMPTY", "6:14 operations[0].raw_sql")]
    [InlineData("raw_sql: { expand: create table t () }", "ROLLBACK_MISSING", "6:14 operations[0].raw_sql.rollback")]
    [InlineData("raw_sql: { contract: commit }", "SQL_TRANSACTION_CONTROL", "6:26 operations[0].raw_sql.contract")]
    [InlineData("raw_sql: { contract: [a] }", "TYPE_WRONG", "6:26 operations[0].raw_sql.contract")]
    [InlineData("raw_sql: { backfill: x }", "TYPE_WRONG", "6:26 operations[0].raw_sql.backfill")]
    [InlineData("raw_sql: { backfill: { sql: 'update a set b = 1 where {range}' } }", "KEY_MISSING", "6:26 operations[0].raw_sql.backfill.table")]
    [InlineData("raw_sql: { backfill: { table: a } }", "BACKFILL_EMPTY", "6:26 operations[0].raw_sql.backfill")]
    [InlineData("raw_sql: { backfill: { table: a, handler: A } }", "HANDLER_INVALID", "6:47 operations[0].raw_sql.backfill.handler")]
    [InlineData("raw_sql: { backfill: { table: a, handler: [a] } }", "TYPE_WRONG", "6:47 operations[0].raw_sql.backfill.handler")]
    [InlineData("raw_sql: { backfill: { table: a, sql: [a] } }", "TYPE_WRONG", "6:43 operations[0].raw_sql.backfill.sql")]
    [InlineData("raw_sql: { backfill: { table: a, handler: b, by: rows } }", "VALUE_UNKNOWN", "6:54 operations[0].raw_sql.backfill.by")]
    [InlineData("raw_sql: { backfill: { table: a, handler: b, key: id } }", "TYPE_WRONG", "6:55 operations[0].raw_sql.backfill.key")]
    [InlineData("raw_sql: { backfill: { table: a, handler: b, key: [] } }", "RANGE_KEY_COLUMN", "6:55 operations[0].raw_sql.backfill.key")]
    [InlineData("raw_sql: { backfill: { table: a, handler: b, by: blocks, key: [id] } }", "RANGE_KEY_UNUSED", "6:67 operations[0].raw_sql.backfill.key")]
    [InlineData("raw_sql: { backfill: { table: a, sql: 'update a set b = 1' } }", "BACKFILL_RANGE", "6:43 operations[0].raw_sql.backfill.sql")]
    public void Operations_that_are_none(string operation, string code, string place) =>
        AssertOne(YamlSamples.WithOperation(operation), code, place);

    [Fact]
    public void A_mistyped_key_gets_a_suggestion()
    {
        Assert.Contains("Did you mean 'operations'?", Errors(YamlSamples.Replaced("operations:", "operation:")).Single(static e => e.Code == "KEY_UNKNOWN").Remedy, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'set_not_null'?", Errors(YamlSamples.WithOperation("set-not-null: {}"))[0].Remedy, StringComparison.Ordinal);
        Assert.DoesNotContain("Did you mean", Errors(YamlSamples.WithOperation("paint_it_black: {}"))[0].Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Errors_of_the_text_and_of_its_meaning_come_together()
    {
        const string Yaml =
            """
            migration: Shop
            versions:
              api: { uses_new_from: x, free_of_old_from: 0 }
            contract: { soak: 1000d }
            operations:
              - rename_column: { table: review, from: comment }
              - rename_colum: {}
              - set_not_null: { table: review, column: xmin, fill: ")" }
            """;
        Assert.Equal(
            [
                "1:1 target KEY_MISSING",
                "1:12 migration NAME_INVALID",
                "3:25 versions.api.uses_new_from TYPE_WRONG",
                "3:46 versions.api.free_of_old_from VERSION_ORDER",
                "4:19 contract.soak SOAK_OUT_OF_RANGE",
                "6:20 operations[0].rename_column.to KEY_MISSING",
                "7:5 operations[1] OPERATION_UNKNOWN",
                "8:44 operations[2].set_not_null.column SYSTEM_COLUMN",
                "8:56 operations[2].set_not_null.fill SQL_MALFORMED",
            ],
            Errors(Yaml).Select(static e => $"{e.Place} {e.Code}"));
    }

    [Fact]
    public void An_alias_is_refused_where_it_stands()
    {
        var errors = Errors(YamlSamples.Replaced("target: shop", "target: &x shop").Replace("table: review", "table: *x", StringComparison.Ordinal));
        Assert.Equal(["YAML_ANCHOR", "YAML_ANCHOR"], errors.Select(static e => e.Code));
    }

    [Fact]
    public void A_nul_does_not_hide_what_stands_behind_it() => AssertOne(YamlSamples.Good + "\n\0garbage: [", "YAML_MALFORMED", "1:1");

    [Fact]
    public void A_second_document_is_refused() => AssertOne(YamlSamples.Good + "\n---\na: b\n", "YAML_SEVERAL_DOCUMENTS", "7:1");

    [Fact]
    public void A_large_text_is_refused_before_it_is_read()
    {
        Assert.Equal("YAML_TOO_LARGE", Assert.Single(Errors($"# {new string('ö', 600_000)}\n{YamlSamples.Good}")).Code);
        Assert.IsType<SpecReadResult.Spec>(YamlSpecReader.Read($"# {new string('x', 1_000_000)}\n{YamlSamples.Good}"));
    }

    [Theory]
    [InlineData("[", "")]
    [InlineData("{a: ", "")]
    [InlineData("- ", "")]
    [InlineData("? ", "")]
    [InlineData("[", "]")]
    [InlineData("&a [", "]")]
    [InlineData("!", "")]
    [InlineData("'", "")]
    [InlineData("a: b\n", "")]
    [InlineData("*a ", "")]
    [InlineData("---\n", "")]
    [InlineData("{", "}")]
    [InlineData("\"\\", "")]
    public void A_hostile_text_is_refused_in_reasonable_time(string open, string close)
    {
        var count = 900_000 / (open.Length + close.Length);
        var yaml = new StringBuilder().Insert(0, open, count).Insert(open.Length * count, close, close.Length == 0 ? 0 : count).ToString();
        var watch = Stopwatch.StartNew();
        var errors = Errors(yaml);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"took {watch.Elapsed}");
        Assert.True(errors.Count <= 100);
        Assert.All(errors, static e => Assert.True(e.Place.Length < 500 && e.Message.Length < 2000));
    }

    [Fact]
    public void A_key_of_ten_kilobytes_is_not_repeated_in_full()
    {
        var errors = Errors(YamlSamples.Replaced("target: shop", $"target: shop\n? {new string('k', 10_000)}\n: x"));
        Assert.All(errors, static e => Assert.True(e.Place.Length + e.Message.Length + e.Remedy.Length < 2000));
    }

    [Fact]
    public void No_random_text_throws()
    {
        var random = new Random(20300101);
        const string Alphabet = "{}[]:,-?&*!|>'\"%@`# \n\tab0~\\\u0085\ud83d\ude00\ufeff\0";
        for (var i = 0; i < 3000; i++)
        {
            var noise = string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
            var at = random.Next(YamlSamples.Good.Length);
            var result = YamlSpecReader.Read(YamlSamples.Good.Insert(at, noise));
            Assert.True(result is SpecReadResult.Spec or SpecReadResult.Invalid { Errors.Count: > 0 });
        }
    }

    private static void AssertOne(string yaml, string code, string place)
    {
        var errors = Errors(yaml);
        Assert.True(errors.Count == 1, string.Join("\n", errors));
        Assert.Equal((code, place), (errors[0].Code, errors[0].Place));
    }

    private static IReadOnlyList<SpecError> Errors(string yaml)
    {
        var errors = Assert.IsType<SpecReadResult.Invalid>(YamlSpecReader.Read(yaml)).Errors;
        Assert.NotEmpty(errors);
        Assert.All(errors, static e =>
        {
            Assert.Matches("^[A-Z][A-Z0-9_]+$", e.Code);
            Assert.Matches("^[0-9]+:[0-9]+", e.Place);
            Assert.NotEmpty(e.Message);
            Assert.NotEmpty(e.Remedy);
        });
        return errors;
    }
}
