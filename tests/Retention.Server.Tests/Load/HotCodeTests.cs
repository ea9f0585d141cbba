using Retention.Server.Load;
using Retention.Server.Load.Http2;

namespace Retention.Server.Tests.Load;

public sealed class HotCodeTests
{
    [Theory]
    [InlineData(80, 0, 0, 80)]
    [InlineData(100, 0, 0, 100)]
    [InlineData(100, 50, 0, 100)]
    [InlineData(97, 50, 3, 100)]
    [InlineData(97, 50, 5, 100)]
    public void A_limit_that_is_met_is_exact(int accepted, int refused, int lost, int redeemed) =>
        Assert.True(HotCode.IsExact(Calls(accepted, refused, lost), redeemed, limit: 100));

    [Theory]
    [InlineData(101, 50, 0, 101)]
    [InlineData(101, 0, 0, 101)]
    [InlineData(99, 50, 0, 99)]
    [InlineData(100, 50, 0, 99)]
    [InlineData(80, 0, 0, 81)]
    [InlineData(80, 1, 3, 83)]
    [InlineData(98, 1, 1, 100)]
    public void One_redemption_too_many_or_too_few_is_not_exact(int accepted, int refused, int lost, int redeemed) =>
        Assert.False(HotCode.IsExact(Calls(accepted, refused, lost), redeemed, limit: 100));

    private static CallTally Calls(int accepted, int refused, int lost)
    {
        var calls = new CallTally();
        int[] outcomes =
        [
            .. Enumerable.Repeat(CallOutcome.Ok, accepted),
            .. Enumerable.Repeat(HotCode.Refusal, refused),
            .. Enumerable.Repeat(CallOutcome.Lost, lost),
        ];
        foreach (var outcome in outcomes) calls.Add(new EndedCall(0, 0, outcome), 1, isMeasured: true);
        return calls;
    }
}
