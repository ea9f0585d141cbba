using Retention.Domain.Clearing;
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

    [Fact]
    public void What_a_closed_agreement_owes_may_be_paid_and_nothing_more()
    {
        var scene = Ended();
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        scene.Move(Noon(2017, 9, 1));
        var payment = scene.Pay(Bakery, 66, "set-1");
        Assert.Null(scene.ConfirmPayment(Shoes, payment).Refusal);

        Assert.Empty(Judging.Judged(new NaiveEnding(), scene.Books, fact => [fact], state => state));
        Assert.NotEmpty(Judging.Judged(
            new NaiveEnding(), scene.Books, Judging.Once("settlement-confirmed", fact => [fact, fact]), state => state));
    }

    [Theory]
    [InlineData(DisputeOutcome.Accepted)]
    [InlineData(DisputeOutcome.StandsByTime)]
    public void An_agreement_is_open_to_the_answer_to_its_last_dispute(DisputeOutcome outcome)
    {
        var scene = Ended();
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        scene.Move(Noon(2017, 5, 10));
        var entry = scene.Books.Journal.Select(change => change.Fact).OfType<RedemptionCleared>().Single();
        Assert.Null(scene.OpenDispute(Bakery, entry, "dis-1").Refusal);
        scene.Move(Noon(2017, 5, 20));
        if (outcome == DisputeOutcome.Accepted) Assert.Null(scene.ResolveDispute(Shoes, "dis-1", outcome).Refusal);
        scene.Move(Noon(2017, 9, 1));
        if (outcome == DisputeOutcome.StandsByTime) scene.Pay(Bakery, 66, "set-1");

        Assert.Empty(Judging.Judged(new NaiveEnding(), scene.Books, fact => [fact], state => state));
    }

    // Ended at once with a coupon out; what is redeemed at once may be clawed back to the 11th of May.
    private static JointScene Ended()
    {
        var scene = new JointScene().Active(Terms with { DaysValid = 5, ClawBackDays = 10 });
        scene.Buy(Bakery, "p-1");
        scene.End(Bakery);
        scene.Books.Deliver();
        return scene;
    }

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
