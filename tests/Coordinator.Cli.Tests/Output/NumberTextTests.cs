using Coordinator.Cli.Output;

namespace Coordinator.Cli.Tests.Output;

public class NumberTextTests
{
    [Theory]
    [InlineData(0, 0, "0.0 %")]
    [InlineData(1, 3, "33.3 %")]
    [InlineData(99_999, 100_000, "99.9 %")]
    [InlineData(5, 5, "100.0 %")]
    public void A_share_is_never_rounded_up_to_the_whole(long done, long all, string text) =>
        Assert.Equal(text, NumberText.Percent(done, all));
}
