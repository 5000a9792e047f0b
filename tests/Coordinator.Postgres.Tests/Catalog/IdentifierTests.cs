using Coordinator.Postgres.Catalog;

namespace Coordinator.Postgres.Tests.Catalog;

public sealed class IdentifierTests
{
    [Theory]
    [InlineData("a", "\"a\"")]
    [InlineData("a\"b", "\"a\"\"b\"")]
    [InlineData("select", "\"select\"")]
    [InlineData("x; drop table y", "\"x; drop table y\"")]
    public void A_name_is_quoted(string name, string quoted) => Assert.Equal(quoted, Identifier.Quote(name));

    [Theory]
    [InlineData("")]
    [InlineData("nul\0")]
    [InlineData("äääääääääääääääääääääääääääääääää")]
    public void What_no_name_can_be_is_refused(string name)
    {
        var tooLong = name.Length > 10 ? name + name : name;

        Assert.ThrowsAny<ArgumentException>(() => Identifier.Quote(tooLong));
    }
}
