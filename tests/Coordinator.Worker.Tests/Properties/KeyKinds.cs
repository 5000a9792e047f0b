namespace Coordinator.Worker.Tests.Properties;

/// <summary>Keys by which rows are handed out: the columns, and an expression that makes a key of the number <c>i</c>, far from its order.</summary>
internal static class KeyKinds
{
    public static readonly IReadOnlyDictionary<string, (string Columns, string Key, string Values)> All =
        new Dictionary<string, (string Columns, string Key, string Values)>(StringComparer.Ordinal)
        {
            ["integer"] = ("a int", "a", "(i * 7919) % 20011 - 10000"),
            ["bigint"] = ("a bigint", "a", "((i * 7919) % 20011)::bigint << 40"),
            ["smallint"] = ("a smallint", "a", "((i * 7919) % 20011)::smallint"),
            ["numeric"] = ("a numeric", "a", "case i when 3 then 'NaN' when 4 then '-Infinity' else ((i * 7919) % 20011) / 7.0 end"),
            ["uuid"] = ("a uuid", "a", "md5(i::text)::uuid"),
            ["text in C"] = ("""a text collate "C" """, "a", "translate(md5(i::text), 'abc', 'Aé\\') || case i when 3 then '' else '''\"' end"),
            ["text in ICU"] = ("""a text collate "und-x-icu" """, "a", "translate(md5(i::text), 'abcd', 'AéZz') || ' ' || i"),
            ["text in the database's collation"] = ("a text", "a", "translate(md5(i::text), 'abcd', 'AB-z')"),
            ["varchar"] = ("a varchar(40)", "a", "md5(i::text)"),
            ["char"] = ("a char(12)", "a", "left(md5(i::text), i % 5) || i"),
            ["date"] = ("a date", "a", "case i when 3 then 'infinity' else date '0001-03-01' + (i * 7919) % 20011 - 9000 end"),
            ["timestamp"] = ("a timestamp(3)", "a", "timestamp '2000-01-01' + ((i * 7919) % 20011) * interval '1.001 s'"),
            ["timestamptz"] = ("a timestamptz", "a", "case i when 3 then '-infinity' else timestamptz '1999-12-31 UTC' + ((i * 7919) % 20011) * interval '1.000001 s' end"),
            ["bytea"] = ("a bytea", "a", "decode(md5(i::text), 'hex')"),
            ["composite of few first columns"] = ("a int, b int", "a, b", "i % 2, i"),
            ["composite"] = ("a int, b text", "a, b", "i % 4, md5(i::text)"),
            ["composite of odd names"] = ("\"A \"\"b\"\" $1\" smallint, \"user\" uuid, c timestamptz", "\"A \"\"b\"\" $1\", \"user\", c", "i % 3, md5((i % 7)::text)::uuid, to_timestamp((i * 7919) % 20011)"),
        };
}
