namespace Coordinator.Domain.Tests;

public class SqlLiteralTests
{
    [Theory]
    [InlineData("it's", "'it''s'")]
    [InlineData("", "''")]
    [InlineData(@"a\b", @"E'a\\b'")]
    [InlineData(@"\'; drop table t; --", @"E'\\''; drop table t; --'")]
    public void A_text_is_quoted_whatever_the_server_thinks_of_backslashes(string text, string quoted) =>
        Assert.Equal(quoted, SqlLiteral.Quote(text));

    [Fact]
    public void A_text_with_nul_is_refused() => Assert.Throws<ArgumentException>(() => SqlLiteral.Quote("a\0"));
}
