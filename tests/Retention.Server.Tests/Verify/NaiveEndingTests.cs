using Retention.Domain.Tests.Agreements;
using Retention.Server.Verify;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Server.Tests.Verify;

/// <summary>What happens after an end is found in the journal of an agreement that lived otherwise.</summary>
public sealed class NaiveEndingTests
{
    [Fact]
    public void An_ended_agreement_has_no_difference() =>
        Assert.Empty(Judging.Judged(new NaiveEnding(), Live().Books, fact => [fact], state => state));

    [Theory]
    [InlineData("agreement-ended", "\"ends_at\":\"2017-05-05", "\"ends_at\":\"2017-05-02")]
    [InlineData("agreement-proposed", "\"claw_back_days\":10,", "\"claw_back_days\":9,")]
    [InlineData("issue-counted", "\"at\":\"2017-05-0", "\"at\":\"2017-06-0")]
    public void A_change_that_puts_a_fact_after_its_time_is_found(string type, string was, string becomes) =>
        Assert.NotEmpty(Judging.Judged(
            new NaiveEnding(), Live().Books, Judging.Once(type, fact => [fact.Replace(was, becomes)]), state => state));

    // Issued in the notice, redeemed after it, clawed back on the last day of that.
    private static JointScene Live()
    {
        var scene = new JointScene().Active(Terms with { NoticeDays = 3, DaysValid = 5, ClawBackDays = 10 });
        scene.End(Bakery);
        scene.Books.Deliver();
        scene.Move(Noon(2017, 5, 3));
        scene.Buy(Bakery, "p-1");
        scene.Move(Noon(2017, 5, 6));
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        scene.Move(Noon(2017, 5, 16));
        scene.Return(Bakery, "p-1");
        return scene;
    }
}
