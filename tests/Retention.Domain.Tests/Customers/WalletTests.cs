using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Customers;
using Retention.Kernel;
using static Retention.Domain.Tests.Customers.EnrollmentTests;

namespace Retention.Domain.Tests.Customers;

public sealed class WalletTests
{
    private static readonly PartitionId Agreement = PartitionId.Agreement("agr");

    private readonly World world = new();

    public WalletTests()
    {
        world.Enroll();
    }

    [Fact]
    public void A_joint_coupon_shows_until_it_is_used()
    {
        Receive("c1");
        Assert.Equal("C-c1", Assert.Single(Usable()).Code);

        Tell(
            Agreement,
            JointMessages.ToTenant(
                World.Tenant,
                JointMessages.Gone,
                new JointCouponGone(Ann(), "agr", "c1", "C-c1", Domain.Agreements.JointCouponEnd.Redeemed, world.Now),
                JointMessagesJson.Default.JointCouponGone));

        Assert.Empty(Usable());
    }

    [Fact]
    public void A_joint_coupon_shows_to_the_last_instant_before_it_expires()
    {
        Receive("c1", Duration.FromDays(1));

        world.Advance(Duration.FromDays(1) - Duration.Epsilon);
        Assert.Single(Usable());
        world.Advance(Duration.Epsilon);
        Assert.Empty(Usable());
    }

    [Fact]
    public void A_coupon_told_twice_shows_once()
    {
        Receive("c1");
        Receive("c1");

        Assert.Single(Usable());
    }

    [Fact]
    public void A_full_wallet_forgets_the_coupon_that_expires_first()
    {
        for (var i = 0; i <= JointWallet.CouponsMax; i++)
        {
            Receive($"c{i}", Duration.FromDays(100 - i));
        }

        Assert.Equal(JointWallet.CouponsMax, world.Customer().Wallet.Length);
        Assert.DoesNotContain(world.Customer().Wallet, coupon => coupon.CouponId == $"c{JointWallet.CouponsMax}");
    }

    [Fact]
    public void Another_agreement_cannot_speak_of_a_coupon()
    {
        Refused(RefusalReason.NotAParty, Receive("c1", from: PartitionId.Agreement("other")));
    }

    [Fact]
    public void A_customer_who_is_unknown_or_erased_receives_nothing()
    {
        Refused(RefusalReason.CustomerNotFound, Receive("c1", customer: "garbage"));
        world.Ask(turn => CustomerTurns.Erase(turn, World.Tenant, new EraseCustomer("ann", null, World.Till)));
        Refused(RefusalReason.CustomerNotFound, Receive("c1"));
    }

    private IEnumerable<JointCoupon> Usable() => JointWallet.Usable(world.Customer().Wallet, world.Now);

    private string Ann() => CustomerReference.Seal(world.TenantState, World.Tenant, "agr", "ann");

    private Decision Receive(string id, Duration? life = null, PartitionId? from = null, string? customer = null) => Tell(
        from ?? Agreement,
        JointMessages.ToTenant(
            World.Tenant,
            JointMessages.Received,
            new JointCouponReceived(
                customer ?? Ann(),
                "agr",
                id,
                "C-" + id,
                "hats",
                199,
                "USD",
                world.Now + (life ?? Duration.FromDays(30)),
                world.Now),
            JointMessagesJson.Default.JointCouponReceived));

    private Decision Tell(PartitionId from, Effect effect) => world.Ask(turn =>
        Registry.Default.Decide(turn, from, effect.To, effect.Name, effect.Payload));
}
