using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Kernel;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Domain.Tests.Agreements;

/// <summary>An agreement ends with notice, is honored, and closes with a final statement (JC5).</summary>
public sealed class EndingTests
{
    private static readonly AgreementTerms Notice =
        Terms with { NoticeDays = 3, DaysValid = 5, ClawBackDays = 10, MaxOpenPerCustomer = 0 };

    private readonly JointScene scene = new JointScene().Active(Notice);

    [Fact]
    public void During_notice_coupons_are_issued_to_its_last_instant()
    {
        Ended(Bakery);
        Assert.Equal(AgreementStatus.Ending, scene.Standing.Status);
        scene.Move(LastInstantOf(2017, 5, 4));
        scene.Buy(Bakery, "p-1");
        Assert.Single(scene.Wallet(Bakery));

        scene.Move(scene.Now + Duration.FromNanoseconds(1));
        scene.Buy(Bakery, "p-2");

        Assert.Single(scene.Wallet(Bakery));
        Assert.Equal(AgreementStatus.Ended, scene.Standing.Status);
        Assert.Empty(scene.Suppressions);
    }

    [Fact]
    public void A_purchase_that_arrives_after_the_notice_gives_none_whatever_the_tenant_knew()
    {
        scene.SendPurchase(Bakery, "p-1");
        Ended(Shoes);
        scene.Move(Noon(2017, 5, 5));
        scene.Books.Deliver();

        scene.SendPurchase(Bakery, "p-2");
        Assert.Empty(scene.Books.Journal.Select(change => change.Fact).OfType<JointCouponIssued>().Skip(1));
    }

    [Fact]
    public void At_the_end_of_the_notice_nothing_is_issued_though_the_tenant_has_not_heard_of_it()
    {
        scene.Buy(Bakery, "p-1"); // Its coupon keeps the agreement from closing with the notice.
        Assert.Null(scene.End(Bakery).Refusal);
        scene.Move(LastInstantOf(2017, 5, 4) + Duration.FromNanoseconds(1));
        scene.Buy(Bakery, "p-2");

        Assert.Equal([SuppressionReason.NotActive], scene.Suppressions);
        Assert.Single(scene.Wallet(Bakery));
    }

    [Fact]
    public void Without_notice_the_issue_ends_at_once_and_an_idle_agreement_closes_at_that_moment()
    {
        var idle = new JointScene().Active();
        Assert.Null(idle.End(Bakery).Refusal);

        Assert.Equal((AgreementStatus.Closed, idle.Now), (idle.Standing.Status, idle.Standing.ClosesAt));
        Assert.True(idle.Statement(2017, 5).IsFinal);
    }

    [Fact]
    public void It_closes_at_the_first_moment_after_the_last_coupon_and_the_last_claw_back()
    {
        scene.Buy(Bakery, "p-1");
        scene.Buy(Bakery, "p-2");
        Ended(Bakery);
        scene.Move(Noon(2017, 5, 6));
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        Assert.Equal(LastInstantOf(2017, 5, 16) + Duration.FromNanoseconds(1), scene.Standing.ClosesAt);

        scene.Move(LastInstantOf(2017, 5, 16));
        Assert.Equal(AgreementStatus.Ended, scene.Standing.Status);
        Assert.False(scene.Statement(2017, 5).IsFinal);
        scene.Move(scene.Now + Duration.FromNanoseconds(1));

        Assert.Equal(AgreementStatus.Closed, scene.Standing.Status);
        var final = scene.Statement(2017, 5);
        Assert.Equal((false, true, -66L), (final.IsClosed, final.IsFinal, final.Period.Closing));
    }

    [Fact]
    public void What_it_left_owing_is_paid_in_the_open_month_and_then_nothing_more()
    {
        scene.Buy(Bakery, "p-1");
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        var late = scene.Pay(Bakery, 10, "pay-0");
        Ended(Bakery);
        scene.Move(Noon(2017, 5, 20));
        Assert.False(scene.Statement(2017, 5).IsClosed);

        Assert.Null(scene.ConfirmPayment(Shoes, scene.Pay(Bakery, 66, "pay-1")).Refusal);

        var final = scene.Statement(2017, 5);
        Assert.Equal((true, true, 0L), (final.IsClosed, final.IsFinal, final.Period.Closing));
        Assert.Null(scene.Pay(Bakery, 1, "pay-2", isSettled: true));
        Assert.Equal(RefusalReason.AgreementClosed, scene.ConfirmPayment(Shoes, late).Refusal?.Reason);
    }

    [Fact]
    public void A_final_statement_is_the_same_at_every_later_moment_and_no_month_follows()
    {
        scene.Buy(Bakery, "p-1");
        scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        Ended(Bakery);
        scene.Move(Noon(2017, 5, 12));
        var first = scene.Statement(2017, 5);
        scene.Move(Noon(2018, 1, 1));
        var later = scene.Statement(2017, 5);

        Assert.True(first.IsFinal);
        Assert.Equal((first.Period.Closing, first.Period.LinesHash, first.View.At), (later.Period.Closing, later.Period.LinesHash, later.View.At));
        Assert.True(later.IsFinal);
        Assert.Equal(RefusalReason.PeriodNotFound, scene.Books.Ask(turn => ClearingTurns.Statement(
            turn, scene.Asks(Bakery), Id, new LocalDate(2017, 6, 1))).Refusal?.Reason);
    }

    [Fact]
    public void After_closing_a_reversal_is_refused_by_name_and_what_arrives_changes_nothing()
    {
        scene.Buy(Bakery, "p-1");
        var redemption = scene.Redeemed(Shoes, scene.Wallet(Bakery)[0]);
        Ended(Bakery);
        scene.Move(Noon(2017, 5, 12));
        var facts = scene.Books.Journal.Count;

        scene.Return(Bakery, "p-1");
        scene.Sell(Shoes, "s-1", redemption);
        var refused = scene.Reverse(Shoes, redemption).Refusal;
        var contested = scene.OpenDispute(
            Bakery, scene.Books.Journal.Select(change => change.Fact).OfType<EntryFact>().Last(), "d-1").Refusal;

        Assert.Equal(RefusalReason.AgreementClosed, refused?.Reason);
        Assert.Equal(RefusalReason.AgreementClosed, contested?.Reason);
        Assert.Equal("close_time", refused!.Details[0].Name);
        Assert.Equal(facts, scene.Books.Journal.Count);
        Assert.Equal(66, scene.Account.SecondNet);
    }

    [Fact]
    public void It_waits_for_a_provisional_entry_and_says_when_that_ended()
    {
        var patient = new JointScene().Active(Notice with
        {
            SettlesAtSale = true,
            ConfirmWithinSeconds = 20 * 24 * 3600,
            MirrorsReturns = false,
            NoticeDays = 0,
        });
        patient.Buy(Bakery, "p-1");
        patient.Redeemed(Shoes, patient.Wallet(Bakery)[0]);
        patient.End(Bakery);
        patient.Books.Deliver();
        var ends = Noon(2017, 5, 1) + Duration.FromDays(20);

        Assert.Equal(ends, patient.Standing.ClosesAt);
        patient.Move(ends);
        Assert.Equal((AgreementStatus.Closed, ends), (patient.Standing.Status, patient.Standing.ClosesAt));
        Assert.Equal(0, patient.Account.SecondProvisional);
        patient.Move(Noon(2017, 8, 1));
        Assert.Equal(ends, patient.Standing.ClosesAt);
    }

    [Fact]
    public void Claw_backs_without_a_limit_of_days_are_waited_for_so_long_as_is_documented()
    {
        var endless = new JointScene().Active(Notice with { ClawBackDays = 0, NoticeDays = 0 });
        endless.Buy(Bakery, "p-1");
        endless.Redeemed(Shoes, endless.Wallet(Bakery)[0]);
        endless.End(Bakery);

        Assert.Equal(LastInstantOf(2017, 7, 30) + Duration.FromNanoseconds(1), endless.Standing.ClosesAt);

        var chosen = new JointScene().Active(Notice with { ClawBackDays = 0, NoticeDays = 0, ClawBackDaysAfterEnd = 12 });
        chosen.Buy(Bakery, "p-1");
        chosen.Redeemed(Shoes, chosen.Wallet(Bakery)[0]);
        chosen.End(Bakery);
        Assert.Equal(LastInstantOf(2017, 5, 13) + Duration.FromNanoseconds(1), chosen.Standing.ClosesAt);
    }

    [Fact]
    public void Under_notice_it_can_be_paused_and_resumed_but_neither_amended_nor_ended_again()
    {
        Ended(Bakery);
        Assert.Equal(RefusalReason.AgreementEnded, scene.End(Shoes).Refusal?.Reason);
        Assert.Equal(RefusalReason.AgreementEnded, scene.Amend(Shoes, Notice).Refusal?.Reason);
        Assert.Equal(RefusalReason.AgreementEnded, scene.Accept(Shoes).Refusal?.Reason);

        Assert.Null(scene.Pause(Shoes).Refusal);
        scene.Books.Deliver();
        scene.Buy(Bakery, "p-1");
        Assert.Empty(scene.Wallet(Bakery));
        Assert.Null(scene.Resume(Shoes).Refusal);
        scene.Books.Deliver();
        scene.Buy(Bakery, "p-2");
        Assert.Single(scene.Wallet(Bakery));

        scene.Move(Noon(2017, 5, 5));
        Assert.Equal(RefusalReason.AgreementEnded, scene.Pause(Shoes).Refusal?.Reason);
        Assert.Equal(RefusalReason.FieldInvalid, new JointScene().Propose(Notice with { NoticeDays = 367 }).Refusal?.Reason);
    }

    private void Ended(string by)
    {
        Assert.Null(scene.End(by).Refusal);
        scene.Books.Deliver();
    }
}
