using FsCheck;
using FsCheck.Fluent;

namespace Coordinator.Domain.Tests;

public class SqlIdentifierTests
{
    [Theory]
    [InlineData("comment", "\"comment\"")]
    [InlineData("Comment", "\"Comment\"")]
    [InlineData("select", "\"select\"")]
    [InlineData("x\"; drop table review; --", "\"x\"\"; drop table review; --\"")]
    [InlineData("\"", "\"\"\"\"")]
    [InlineData("größe", "\"größe\"")]
    [InlineData("名前", "\"名前\"")]
    [InlineData("a b", "\"a b\"")]
    [InlineData("back\\slash", "\"back\\slash\"")]
    [InlineData("$1", "\"$1\"")]
    public void A_name_is_quoted_whatever_is_in_it(string name, string quoted) => Assert.Equal(quoted, SqlIdentifier.Quote(name));

    [Fact]
    public void Schema_and_name_are_quoted_apart() =>
        Assert.Equal("\"a.b\".\"c\"\"d\"", SqlIdentifier.QuoteQualified("a.b", "c\"d"));

    [Theory]
    [InlineData(null, "empty")]
    [InlineData("", "empty")]
    [InlineData("a\0b", "NUL")]
    public void A_name_that_no_catalogue_can_hold_is_refused(string? name, string why)
    {
        Assert.False(SqlIdentifier.IsAcceptable(name, out var reason));
        Assert.Contains(why, reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lone_surrogate_would_reach_the_server_as_another_name_and_is_refused()
    {
        Assert.False(SqlIdentifier.IsAcceptable("a\ud800b", out var why));
        Assert.Contains("Unicode", why, StringComparison.Ordinal);
        Assert.False(SqlIdentifier.IsAcceptable("\udc00", out _));
        Assert.True(SqlIdentifier.IsAcceptable("\ud83d\ude00", out _));
    }

    [Theory]
    [InlineData('a', 63, 64)]
    [InlineData('ö', 31, 32)]
    [InlineData('名', 21, 22)]
    public void The_limit_is_63_bytes_not_characters(char c, int fits, int tooLong)
    {
        Assert.True(SqlIdentifier.IsAcceptable(new string(c, fits), out _));
        Assert.False(SqlIdentifier.IsAcceptable(new string(c, tooLong), out var why));
        Assert.Contains("63", why, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => SqlIdentifier.Quote(new string(c, tooLong)));
    }

    [Fact]
    public void Quoting_can_be_undone_and_no_quote_inside_ends_the_name()
    {
        var names = Gen.Elements('a', 'Z', '"', '\'', ';', '\\', '$', ' ', '\n', 'é', '-', '.', '{')
            .ListOf()
            .Where(static l => l.Count is > 0 and <= 30)
            .Select(static l => string.Concat(l));
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(500),
            Prop.ForAll(names.ToArbitrary(), static name =>
            {
                var inner = SqlIdentifier.Quote(name)[1..^1];
                return inner.Replace("\"\"", "", StringComparison.Ordinal).Contains('"', StringComparison.Ordinal) is false
                    && inner.Replace("\"\"", "\"", StringComparison.Ordinal) == name;
            }));
    }
}
