using Retention.Server.Hosting;

namespace Retention.Server.Tests;

public sealed class MemoryTests
{
    [Theory]
    [InlineData(512, 64)]
    [InlineData(4_096, 512)]
    [InlineData(8_192, 1_024)]
    [InlineData(262_144, 1_024)]
    public void What_customers_may_take_of_memory_goes_by_what_there_is(long mebibytes, long forStates)
    {
        var limits = ServerOptions.EngineWithin(mebibytes << 20);

        Assert.Equal(forStates << 20, limits.MaxActiveBytes);
    }
}
