using Coordinator.Engine.Pacing;

namespace Coordinator.Engine.Tests.Pacing;

public class MedianWindowTests
{
    [Theory]
    [InlineData(new double[0], null)]
    [InlineData(new double[] { 500, 500 }, null)]
    [InlineData(new double[] { 1, 500, 2 }, 2d)]
    [InlineData(new double[] { 1, 500, 2, 4 }, 3d)]
    [InlineData(new double[] { 1, 500, 2, 4, 3 }, 3d)]
    [InlineData(new double[] { 1, 1, 1, 1, 1, 7, 7, 7 }, 7d)]
    [InlineData(new double[] { 9, 9, 9, 1, 2, 3, 4, 5 }, 3d)]
    public void It_is_the_middle_of_the_last_five_and_nothing_before_the_third(double[] readings, double? median)
    {
        var window = new MedianWindow();
        foreach (var reading in readings)
        {
            window.Add(reading);
        }

        Assert.Equal(median, window.Median);
    }
}
