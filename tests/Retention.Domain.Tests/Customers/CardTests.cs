using Retention.Domain.Customers;
using Retention.Kernel;
using static Retention.Domain.Tests.Customers.EnrollmentTests;

namespace Retention.Domain.Tests.Customers;

public sealed class CardTests
{
    private readonly World world = new();

    public CardTests()
    {
        world.Enroll(card: "4711", email: "ann@example.com");
    }

    [Fact]
    public void A_card_buys_for_its_customer()
    {
        var receipt = (PurchaseReceipt)BuyWith("4711").Reply!;

        Assert.Equal("ann", receipt.CustomerId);
        Assert.Equal(10_000, world.Balance().Available);
    }

    [Fact]
    public void A_replaced_card_is_blocked_and_the_balance_stays()
    {
        BuyWith("4711");

        Replace("ann", null, "4712");

        Refused(RefusalReason.CardBlocked, BuyWith("4711", "p2"));
        Assert.Null(BuyWith("4712", "p3").Refusal);
        Assert.Equal(20_000, world.Balance().Available);
    }

    [Fact]
    public void A_named_card_is_replaced_and_the_others_work()
    {
        world.Ask(turn => CustomerTurns.Replace(
            turn, World.Tenant, new ReplaceCard("ann", "4711", "4712", null, World.Till)));
        Replace("ann", "4712", "4713");

        Refused(RefusalReason.CardBlocked, BuyWith("4712"));
        Assert.Null(BuyWith("4713").Refusal);
    }

    [Fact]
    public void A_blocked_card_still_finds_its_customer()
    {
        Block("4711");

        Refused(RefusalReason.CardBlocked, BuyWith("4711"));
        Refused(RefusalReason.CardBlocked, Look(mayBeBlocked: false));
        Assert.Equal("ann", ((CustomerView)Look(mayBeBlocked: true).Reply!).CustomerId);
    }

    [Fact]
    public void Blocking_a_card_twice_changes_nothing()
    {
        Block("4711");

        var again = Block("4711");

        Assert.Null(again.Refusal);
        Assert.True(again.ChangesNothing);
    }

    [Fact]
    public void A_blocked_card_is_never_given_to_anybody()
    {
        Block("4711");

        Refused(RefusalReason.CardInUse, world.Enroll("bob", card: "4711"));
        Refused(RefusalReason.CardInUse, Replace("ann", null, "4711"));
    }

    [Fact]
    public void Only_a_card_of_the_customer_is_replaced()
    {
        world.Enroll("bob", card: "4800");

        Refused(RefusalReason.FieldInvalid, Replace("ann", "4800", "4712"));
        Refused(RefusalReason.CardInUse, Replace("ann", "4711", "4800"));
        Refused(RefusalReason.CustomerNotFound, Replace("eve", null, "4712"));
        Refused(RefusalReason.CustomerNotFound, Block("9999"));
    }

    [Fact]
    public void A_customer_cannot_hold_more_cards_than_the_limit()
    {
        for (var i = world.Customer().Keys.Length; i < CustomerTurns.KeysMax; i++)
        {
            Assert.Null(Replace("ann", null, $"48{i}").Refusal);
        }

        Refused(RefusalReason.LimitTooMany, Replace("ann", null, "4999"));
    }

    [Fact]
    public void Erasing_a_customer_frees_his_keys_and_keeps_his_balance()
    {
        BuyWith("4711");

        Erase();

        Assert.Equal(10_000, world.Balance().Available);
        Assert.Null(world.Customer().SealedProfile);
        Assert.Empty(world.Customer().Keys);
        Refused(RefusalReason.CustomerNotFound, BuyWith("4711", "p2"));
        Assert.Null(world.Enroll("bob", card: "4711", email: "ann@example.com").Refusal);
    }

    [Fact]
    public void An_erased_customer_changes_no_more_but_his_purchase_may_come_back()
    {
        BuyWith("4711");
        Erase();

        Refused(RefusalReason.CustomerNotFound, world.Buy("p2", 100));
        Refused(RefusalReason.CustomerNotFound, world.Redeem(1));
        Refused(RefusalReason.CustomerNotFound, Replace("ann", null, "4712"));
        Refused(RefusalReason.CustomerNotFound, Erase());
        Refused(RefusalReason.CustomerExists, world.Enroll());
        Assert.Null(world.Return("p1", "r1").Refusal);
        Assert.Equal(0, world.Balance().Available);
    }

    private Decision BuyWith(string card, string purchaseId = "p1") =>
        world.Buy(purchaseId, 1_000, sale => sale with { Customer = new CustomerRef(null, card) });

    private Decision Replace(string customerId, string? old, string card) => world.Ask(turn =>
        CustomerTurns.Replace(turn, World.Tenant, new ReplaceCard(customerId, old, card, "lost", World.Till)));

    private Decision Block(string card) => world.Ask(turn =>
        CustomerTurns.Block(turn, World.Tenant, new BlockCard(card, "stolen", World.Till)));

    private Decision Erase() => world.Ask(turn =>
        CustomerTurns.Erase(turn, World.Tenant, new EraseCustomer("ann", null, World.Till)));

    private Decision Look(bool mayBeBlocked) => world.Ask(turn =>
        CustomerTurns.Read(turn, World.Tenant, new CustomerRef(null, "4711"), mayBeBlocked));
}
