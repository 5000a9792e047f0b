namespace Coordinator.Worker.Tests.Properties;

/// <summary>PostgreSQL's own column types, each with values that comparisons, text forms or casts like to lose.</summary>
internal static class CoreTypes
{
    /// <summary>Not columns of an application: statistics, internals, or without a text form to read back.</summary>
    public static readonly string[] Excluded =
    [
        "aclitem", "gtsvector", "pg_brin_bloom_summary", "pg_brin_minmax_multi_summary", "pg_dependencies", "pg_mcv_list",
        "pg_ndistinct", "pg_node_tree",
    ];

    /// <summary>What the types below need that is not built in.</summary>
    public const string Setup =
        """
        create collation if not exists caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        do $$ begin create type mood as enum ('sad', 'ok'); exception when duplicate_object then null; end $$;
        do $$ begin create type pair as (a int, b text); exception when duplicate_object then null; end $$;
        do $$ begin create domain natural_number as int check (value >= 0); exception when duplicate_object then null; end $$;
        """;

    private static readonly Dictionary<string, string[]> All = new(StringComparer.Ordinal)
    {
        ["int2"] = ["0", "-32768", "32767"],
        ["int4"] = ["0", "-2147483648", "7"],
        ["int8"] = ["0", "-9223372036854775808", "9223372036854775807"],
        ["numeric"] = ["NaN", "Infinity", "-Infinity", "1.0", "1.00", "0.000000000000000000000001"],
        ["float4"] = ["NaN", "0", "-0", "Infinity", "1e-45"],
        ["float8"] = ["NaN", "0", "-0", "-Infinity", "5e-324"],
        ["money"] = ["0", "-1.25"],
        ["bool"] = ["true", "false"],
        ["text"] = ["", "a", "A", "\\", "ß", "a "],
        ["text collate \"C\""] = ["", "a", "A"],
        ["text collate caseless"] = ["a", "A", "B"],
        ["varchar(3)"] = ["", "abc", "ab "],
        ["bpchar(3)"] = ["", "abc", "ab"],
        ["name"] = ["", "a"],
        ["\"char\""] = ["", "a"],
        ["bytea"] = ["", "\\x00", "\\x5c"],
        ["date"] = ["infinity", "-infinity", "2020-02-29", "4713-01-01 BC"],
        ["time"] = ["00:00", "24:00", "12:00:00.000001"],
        ["timetz"] = ["00:00+00", "12:00+02", "10:00+00"],
        ["timestamp"] = ["infinity", "-infinity", "2020-01-01 00:00"],
        ["timestamptz"] = ["infinity", "-infinity", "2020-01-01 00:00+00"],
        ["interval"] = ["1 day", "24 hours", "1 month -30 days"],
        ["uuid"] = ["00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000001"],
        ["json"] = ["null", "{\"a\": 1}", "{\"a\":1}", "{\"a\":1,\"a\":2}"],
        ["jsonb"] = ["null", "{\"a\": 1}", "{\"a\": 1.0}", "[]"],
        ["jsonpath"] = ["$.a", "strict $.a"],
        ["xml"] = ["<a/>", "<a></a>"],
        ["int4range"] = ["empty", "[1,5)", "(,)"],
        ["int8range"] = ["empty", "[1,5)", "(,)"],
        ["numrange"] = ["empty", "[1.0,5)", "[1.00,5)"],
        ["daterange"] = ["empty", "[2020-01-01,infinity)", "[2020-01-01,)"],
        ["tsrange"] = ["empty", "[-infinity,infinity]", "(,)"],
        ["tstzrange"] = ["empty", "[-infinity,infinity]", "(,)"],
        ["int4multirange"] = ["{}", "{[1,3),[5,6)}"],
        ["int8multirange"] = ["{}", "{[1,3),[5,6)}"],
        ["nummultirange"] = ["{}", "{[1.0,3)}", "{[1.00,3)}"],
        ["datemultirange"] = ["{}", "{[2020-01-01,)}"],
        ["tsmultirange"] = ["{}", "{[-infinity,infinity]}"],
        ["tstzmultirange"] = ["{}", "{[-infinity,infinity]}"],
        ["inet"] = ["10.0.0.1", "10.0.0.1/24", "::1"],
        ["cidr"] = ["10.0.0.0/8", "::/0"],
        ["macaddr"] = ["00:00:00:00:00:00", "08:00:2b:01:02:03"],
        ["macaddr8"] = ["00:00:00:00:00:00:00:00", "08:00:2b:01:02:03:04:05"],
        ["bit(3)"] = ["000", "101"],
        ["varbit"] = ["", "0", "00"],
        ["point"] = ["(1,2)", "(NaN,0)", "(-0,0)", "(0,0)"],
        ["line"] = ["{1,-1,0}", "{2,-2,0}"],
        ["lseg"] = ["[(0,0),(1,1)]", "[(1,1),(0,0)]"],
        ["box"] = ["(1,1),(0,0)", "(2,0.5),(0,0)"],
        ["path"] = ["[(0,0),(1,1)]", "((0,0),(1,1))"],
        ["polygon"] = ["((0,0),(1,1),(1,0))", "((1,1),(1,0),(0,0))"],
        ["circle"] = ["<(0,0),1>", "<(5,5),1>"],
        ["tsvector"] = ["", "'a':1 'b':2", "'a' 'b'"],
        ["tsquery"] = ["'a' & 'b'", "'b' & 'a'"],
        ["oid"] = ["0", "4294967295"],
        ["oidvector"] = ["", "1 2"],
        ["int2vector"] = ["", "1 2"],
        ["pg_lsn"] = ["0/0", "FFFFFFFF/FFFFFFFF"],
        ["xid"] = ["3", "4294967295"],
        ["xid8"] = ["3", "18446744073709551615"],
        ["cid"] = ["0", "7"],
        ["tid"] = ["(0,0)", "(4294967295,65535)"],
        ["refcursor"] = ["", "c"],
        ["pg_snapshot"] = ["10:10:", "10:20:10,14"],
        ["txid_snapshot"] = ["10:10:", "10:20:10,14"],
        ["regclass"] = ["pg_class", "0"],
        ["regtype"] = ["integer", "-"],
        ["regproc"] = ["now", "-"],
        ["regprocedure"] = ["now()", "-"],
        ["regoper"] = ["pg_catalog.||/", "0"],
        ["regoperator"] = ["+(integer,integer)", "0"],
        ["regrole"] = ["pg_monitor", "-"],
        ["regnamespace"] = ["pg_catalog", "-"],
        ["regcollation"] = ["\"C\"", "-"],
        ["regconfig"] = ["simple", "-"],
        ["regdictionary"] = ["simple", "-"],
        ["mood"] = ["sad", "ok"],
        ["pair"] = ["(1,x)", "(,)", "(,\"\")"],
        ["natural_number"] = ["0", "1"],
        ["int4[]"] = ["{}", "{1,NULL}", "[0:1]={1,2}"],
        ["text[]"] = ["{}", "{\"\",NULL}", "{NULL}"],
        ["numeric[]"] = ["{{1.0},{1.00}}", "{NaN}"],
        ["jsonb[]"] = ["{}", "{\"null\",NULL}"],
        ["pair[]"] = ["{}", "{\"(1,x)\",NULL}"],
        ["tstzrange[]"] = ["{}", "{empty,NULL}"],
    };

    public static IEnumerable<string> Columns => All.Keys;

    public static TheoryData<string> Names => [.. All.Keys];

    public static IReadOnlyList<string> ValuesOf(string type) => All[type];

    /// <summary>The type without what only a column's definition may say.</summary>
    public static string Cast(string type) => type.Split(" collate ")[0];
}
