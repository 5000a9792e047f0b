namespace Coordinator.Domain.Tests;

public class NamesTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("rename-review-comment")]
    [InlineData("0-1")]
    [InlineData("a23456789-123456789-123456789-123456789-123456789-123456789-123")]
    public void A_label_is_a_name(string text)
    {
        Assert.True(MigrationName.TryParse(text, out var migration, out var why));
        Assert.True(ApplicationName.TryParse(text, out var application, out _));
        Assert.True(TargetName.TryParse(text, out var target, out _));
        Assert.Equal("", why);
        Assert.Equal([text, text, text], [migration.Value, application.ToString(), target.ToString()]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("A")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData("a_b")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("größe")]
    [InlineData("a23456789-123456789-123456789-123456789-123456789-123456789-1234")]
    public void Anything_else_is_refused_with_a_reason(string? text)
    {
        Assert.False(MigrationName.TryParse(text, out _, out var why));
        Assert.NotEmpty(why);
        Assert.False(ApplicationName.TryParse(text, out _, out _));
        Assert.False(TargetName.TryParse(text, out _, out _));
    }

    [Fact]
    public void An_instance_names_itself_in_printable_ascii()
    {
        Assert.True(InstanceId.TryParse("shop-api-7f9c:8080@Host_1", out var id, out _));
        Assert.Equal("shop-api-7f9c:8080@Host_1", id.Value);
        Assert.True(InstanceId.TryParse(new string('x', 200), out _, out _));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("a\tb")]
    [InlineData("é")]
    [InlineData("a\u007f")]
    public void An_unprintable_instance_is_refused(string? text)
    {
        Assert.False(InstanceId.TryParse(text, out _, out var why));
        Assert.NotEmpty(why);
    }

    [Fact]
    public void A_name_of_ten_kilobytes_is_refused_without_repeating_it()
    {
        var name = new string('a', 10_000);
        Assert.False(InstanceId.TryParse(name, out _, out var instanceWhy));
        Assert.False(ApplicationName.TryParse(name, out _, out var applicationWhy));
        Assert.True(instanceWhy.Length < 100 && applicationWhy.Length < 100);
    }
}
