using Grpc.Core;

namespace Grpc.Api.Tests;

public sealed class MetadataTests
{
    [Theory]
    [InlineData("abc")]
    [InlineData("a-b_c.9")]
    [InlineData(".")]
    public void A_key_of_allowed_characters_is_kept(string key)
    {
        Assert.Equal(key, new Metadata.Entry(key, "value").Key);
    }

    [Fact]
    public void A_key_is_stored_in_lower_case()
    {
        Assert.Equal("my-key", new Metadata.Entry("My-KEY", "value").Key);
        Assert.Equal("my-key-bin", new Metadata.Entry("My-KEY-Bin", [1]).Key);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a:b")]
    [InlineData(":path")]
    [InlineData("clé")]
    [InlineData("\u212A")]
    [InlineData("a\n")]
    public void A_key_with_another_character_is_refused(string key)
    {
        Assert.Throws<ArgumentException>(() => new Metadata.Entry(key, "value"));
    }

    [Fact]
    public void Null_is_neither_a_key_nor_a_value()
    {
        Assert.Throws<ArgumentNullException>(() => new Metadata.Entry(null!, "value"));
        Assert.Throws<ArgumentNullException>(() => new Metadata.Entry("key", (string)null!));
        Assert.Throws<ArgumentNullException>(() => new Metadata.Entry("key-bin", (byte[])null!));
        Assert.Throws<ArgumentNullException>(() => new Metadata { (Metadata.Entry)null! });
    }

    [Fact]
    public void The_suffix_of_the_key_and_the_kind_of_value_agree()
    {
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("key-bin", "text"));
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("key", [1]));
        Assert.True(new Metadata.Entry("key-bin", [1]).IsBinary);
        Assert.False(new Metadata.Entry("key", "text").IsBinary);
    }

    [Fact]
    public void The_text_of_a_binary_entry_is_refused()
    {
        var metadata = new Metadata { { "key-bin", [1] } };

        Assert.Throws<InvalidOperationException>(() => metadata[0].Value);
        Assert.Throws<InvalidOperationException>(() => metadata.GetValue("key-bin"));
    }

    [Fact]
    public void The_bytes_of_a_text_entry_are_its_characters()
    {
        Assert.Equal("abc"u8.ToArray(), new Metadata.Entry("key", "abc").ValueBytes);
    }

    [Fact]
    public void Bytes_are_copied_in_and_out()
    {
        byte[] bytes = [1, 2, 3];
        var entry = new Metadata.Entry("key-bin", bytes);

        bytes[0] = 9;
        entry.ValueBytes[1] = 9;

        Assert.Equal([1, 2, 3], entry.ValueBytes);
    }

    [Fact]
    public void Of_several_entries_with_a_key_the_last_one_is_found_whatever_the_case()
    {
        var metadata = new Metadata { { "key", "one" }, { "other", "x" }, { "Key", "two" }, { "key-bin", [7] } };

        Assert.Equal("two", metadata.GetValue("KEY"));
        Assert.Same(metadata[2], metadata.Get("key"));
        Assert.Equal(["one", "two"], metadata.GetAll("kEy").Select(entry => entry.Value));
        Assert.Equal([7], metadata.GetValueBytes("KEY-BIN"));
    }

    [Fact]
    public void A_key_that_is_missing_is_null()
    {
        var metadata = new Metadata();

        Assert.Null(metadata.Get("key"));
        Assert.Null(metadata.GetValue("key"));
        Assert.Null(metadata.GetValueBytes("key-bin"));
        Assert.Empty(metadata.GetAll("key"));
    }

    [Fact]
    public void Metadata_is_a_list()
    {
        var first = new Metadata.Entry("a", "1");
        var second = new Metadata.Entry("b", "2");
        var third = new Metadata.Entry("c", "3");
        var metadata = new Metadata { first, third };
        metadata.Insert(1, second);

        Assert.Equal([first, second, third], metadata);
        Assert.Equal(1, metadata.IndexOf(second));
        Assert.Contains(third, metadata);
        Assert.DoesNotContain(new Metadata.Entry("c", "3"), metadata);

        metadata[0] = third;
        metadata.RemoveAt(2);
        Assert.True(metadata.Remove(second));
        var copy = new Metadata.Entry[1];
        metadata.CopyTo(copy, 0);
        Assert.Equal([third], copy);

        metadata.Clear();
        Assert.Empty(metadata);
        Assert.False(metadata.IsReadOnly);
    }

    [Fact]
    public void The_empty_metadata_cannot_be_changed()
    {
        var entry = new Metadata.Entry("key", "value");

        Assert.True(Metadata.Empty.IsReadOnly);
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Add(entry));
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Add("key", "value"));
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Insert(0, entry));
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty[0] = entry);
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Remove(entry));
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.RemoveAt(0));
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Clear());
        Assert.Empty(Metadata.Empty);
    }

    [Fact]
    public void An_entry_shows_its_key_and_value()
    {
        Assert.Equal("[Entry: key=key, value=text]", new Metadata.Entry("key", "text").ToString());
        Assert.Equal("[Entry: key=key-bin, valueBytes=01-FF]", new Metadata.Entry("key-bin", [1, 255]).ToString());
    }
}
