using NodaTime;
using Retention.Domain.Clearing;
using Retention.Domain.Customers;
using Retention.Domain.Links;
using Retention.Domain.Tests.Agreements;
using Retention.Kernel;
using static Retention.Domain.Tests.Agreements.JointScene;

namespace Retention.Domain.Tests.Links;

public sealed class LinkTests
{
    private readonly LinkScene scene = new();

    private JointScene Joint => scene.Joint;

    [Fact]
    public void A_linked_persons_coupons_are_listed_where_they_are_redeemed()
    {
        Joint.Buy(Bakery, "p1");
        Link();
        Joint.Buy(Bakery, "p2");

        Assert.Equal(2, Joint.Wallet(Bakery).Count);
        Assert.Equal(Joint.Wallet(Bakery), Joint.Wallet(Shoes, "bert"));
        Assert.Empty(Joint.Wallet(Shoes));

        Assert.Null(Joint.Redeem(Shoes, Joint.Wallet(Shoes, "bert")[0], customer: "bert").Refusal);
        Joint.Return(Bakery, "p2");

        Assert.Empty(Joint.Wallet(Bakery));
        Assert.Empty(Joint.Wallet(Shoes, "bert"));
    }

    [Fact]
    public void A_linked_persons_coupon_is_no_other_customers()
    {
        Link();
        Joint.Buy(Bakery, "p1");
        var code = Joint.Wallet(Bakery)[0];

        Assert.Equal(RefusalReason.NotTargeted, Joint.Redeem(Shoes, code, customer: "anna").Refusal!.Reason);
        Assert.Null(Joint.Redeem(Shoes, code).Refusal);
    }

    [Fact]
    public void Without_a_link_a_coupon_is_its_bearers()
    {
        Joint.Buy(Bakery, "p1");

        Assert.Null(Joint.Redeem(Shoes, Joint.Wallet(Bakery)[0], customer: "bert").Refusal);
    }

    [Fact]
    public void A_token_needs_consent_and_is_good_once_for_the_other_side_while_it_lasts()
    {
        Assert.Equal(RefusalReason.ConsentMissing, scene.Take(Bakery, "anna").Refusal!.Reason);
        scene.Allow(Bakery, "anna");
        var first = scene.Take(Bakery, "anna").Token;
        var second = scene.Take(Bakery, "anna", Duration.FromMinutes(5)).Token;
        scene.Allow(Bakery, "bert");
        Assert.Equal(RefusalReason.LinkTokenInvalid, scene.Bring(Bakery, "bert", first).Refusal!.Reason);
        Assert.Equal(RefusalReason.ConsentMissing, scene.Bring(Shoes, "bert", first).Refusal!.Reason);
        scene.Allow(Shoes, "bert");
        Assert.Equal(RefusalReason.CustomerNotFound, scene.Bring(Shoes, "nobody", first).Refusal!.Reason);
        Assert.Equal(RefusalReason.LinkTokenInvalid, scene.Bring(Shoes, "bert", first + "0").Refusal!.Reason);

        Joint.Move(Joint.Now + Duration.FromMinutes(5));
        Assert.Equal(RefusalReason.LinkTokenInvalid, scene.Bring(Shoes, "bert", second).Refusal!.Reason);
        Assert.Null(scene.Bring(Shoes, "bert", first).Refusal);
        Assert.Equal(RefusalReason.LinkTokenInvalid, scene.Bring(Shoes, "bert", first).Refusal!.Reason);
        Assert.Equal(RefusalReason.CustomerLinked, scene.Take(Bakery, "anna").Refusal!.Reason);
        Assert.Equal(RefusalReason.LinkTokenInvalid, scene.Bring(Stranger, "bert", first).Refusal!.Reason);
    }

    [Theory]
    [InlineData(Bakery, "anna")]
    [InlineData(Shoes, "bert")]
    public void Withdrawn_consent_ends_the_link_and_stops_issue_and_redemption(string tenant, string customer)
    {
        Link();
        Joint.Buy(Bakery, "p1");
        Joint.Buy(Shoes, "s1", "bert");
        var (bread, boots) = (Joint.Wallet(Bakery)[0], Joint.Wallet(Bakery)[1]);

        scene.Allow(tenant, customer, isGranted: false);

        Assert.False(scene.IsLinked(Bakery, "anna"));
        Assert.False(scene.IsLinked(Shoes, "bert"));
        var own = tenant == Bakery ? bread : boots;
        Assert.Equal(RefusalReason.ConsentMissing, Joint.Redeem(tenant == Bakery ? Shoes : Bakery, own).Refusal!.Reason);
        Joint.Buy(tenant, "later", customer);
        Assert.Equal(SuppressionReason.ConsentMissing, Assert.Single(Joint.Suppressions));

        scene.Allow(tenant, customer);
        Assert.Null(Joint.Redeem(tenant == Bakery ? Shoes : Bakery, own).Refusal);
        Assert.False(scene.IsLinked(tenant, customer));
    }

    [Theory]
    [InlineData(Bakery, "anna")]
    [InlineData(Shoes, "bert")]
    public void Either_side_may_end_the_link(string tenant, string customer)
    {
        Link();
        Joint.Buy(Bakery, "p1");

        Assert.Null(scene.Unlink(tenant, customer).Refusal);

        Assert.Equal(RefusalReason.CustomerNotLinked, scene.Unlink(Bakery, "anna").Refusal!.Reason);
        Assert.Equal(RefusalReason.CustomerNotLinked, scene.Unlink(Shoes, "bert").Refusal!.Reason);
        Assert.Empty(Joint.Wallet(Shoes, "bert"));
        Assert.Null(Joint.Redeem(Shoes, Joint.Wallet(Bakery)[0], customer: "anna").Refusal);
    }

    [Fact]
    public void A_link_waits_while_all_cards_of_a_side_are_blocked()
    {
        Link();
        Joint.Buy(Shoes, "s1", "bert");
        var code = Joint.Wallet(Bakery)[0];
        var origin = new Origin("cre_1", "boots");
        void Told(Decision decision)
        {
            Assert.Null(decision.Refusal);
            Joint.Books.Deliver();
        }

        Told(Joint.Books.Ask(turn => CustomerTurns.Replace(turn, Shoes, new ReplaceCard("bert", null, "4711", null, origin))));
        Assert.Equal(Standing.Granted, scene.Person(Shoes, "bert").Standing);
        Told(Joint.Books.Ask(turn => CustomerTurns.Block(turn, Shoes, new BlockCard("4711", "lost", origin))));

        Assert.Equal(RefusalReason.ConsentMissing, Joint.Redeem(Bakery, code).Refusal!.Reason);
        Assert.True(scene.IsLinked(Shoes, "bert"));
        Told(Joint.Books.Ask(turn => CustomerTurns.Replace(turn, Shoes, new ReplaceCard("bert", null, "4712", null, origin))));
        Assert.Null(Joint.Redeem(Bakery, code).Refusal);
    }

    [Fact]
    public void An_erased_person_is_linked_to_nobody()
    {
        Link();

        scene.Erase(Shoes, "bert");

        Assert.False(scene.IsLinked(Bakery, "anna"));
        Assert.Equal(Standing.Erased, scene.Person(Shoes, "bert").Standing);
    }

    [Fact]
    public void Consent_that_is_withdrawn_while_the_link_is_made_ends_it()
    {
        scene.Allow(Bakery, "anna");
        scene.Allow(Shoes, "bert");
        var token = scene.Take(Bakery, "anna").Token;
        var visit = (LinkVisitor)Joint.Books.Ask(turn => CustomerLinks.Visit(turn, Shoes, "bert", Id, "boots")).Reply!;
        scene.Allow(Shoes, "bert", isGranted: false);

        Assert.Null(Joint.Books.Ask(turn => LinkTurns.Link(turn, visit, Id, token)).Refusal);
        Joint.Books.Deliver();

        Assert.False(scene.Person(Bakery, "anna").IsLinked);
        Assert.False(scene.IsLinked(Bakery, "anna"));
        Assert.False(scene.IsLinked(Shoes, "bert"));
    }

    [Fact]
    public void Only_a_sides_own_tenant_speaks_of_its_customers()
    {
        Link();
        var person = scene.Person(Bakery, "anna");
        var ended = Joint.Books.Sent.Count;
        scene.Unlink(Bakery, "anna");
        var effect = Joint.Books.Sent[ended];
        Link();

        Joint.Books.Deliver(PartitionId.Tenant(Stranger), effect);
        Joint.Books.Deliver(PartitionId.Tenant(Bakery), effect);

        Assert.Equal(person.Other, scene.Person(Bakery, "anna").Other);
    }

    private void Link()
    {
        scene.Allow(Bakery, "anna");
        scene.Allow(Shoes, "bert");
        Assert.Null(scene.Bring(Shoes, "bert", scene.Take(Bakery, "anna").Token).Refusal);
    }
}
