using System.Text;
using NodaTime;
using Retention.Domain.Agreements;
using Retention.Domain.Tenants;
using Retention.Kernel;

namespace Retention.Domain.Tests.Agreements;

public sealed class JointTriggerTests
{
    private static readonly Instant Noon = Instant.FromUtc(2017, 5, 1, 16, 0);
    private static readonly string LegKey = Convert.ToBase64String(Enumerable.Repeat((byte)7, 32).ToArray());

    private static readonly TenantState Chain = TenantState.Initial with
    {
        LookupKey = Convert.ToBase64String(Enumerable.Repeat((byte)1, 32).ToArray()),
        Triggers =
        [
            new TriggerLeg("agr-1", "1", "bread", 1000, [], LegKey),
            new TriggerLeg("agr-2", "2", "bread", 1000, ["cake"], LegKey),
            new TriggerLeg("agr-3", "1", "shoes", 0, [], LegKey),
        ],
    };

    private static readonly PurchaseSeen Cake =
        new("cus_anna", "bread", "store-1", "till", "p-1", 1000, "EUR", ["cake", "rolls"], Noon);

    [Fact]
    public void A_purchase_triggers_every_leg_of_its_brand_whose_minimum_and_categories_it_fulfills()
    {
        Assert.Equal(["a/agr-1", "a/agr-2"], Issues(Cake).Select(effect => effect.To.Value));
        Assert.Equal(["a/agr-1"], Issues(Cake with { Categories = ["rolls"] }).Select(effect => effect.To.Value));
        Assert.Empty(Issues(Cake with { TotalMinorUnits = 999 }));
    }

    [Fact]
    public void A_paused_leg_issues_nothing_and_still_voids()
    {
        var paused = Chain with { Triggers = [Chain.Triggers[0] with { IsPaused = true }] };

        Assert.Empty(JointTriggers.ForPurchase(paused, "t-1", Cake));
        Assert.Single(JointTriggers.ForReturn(paused, "t-1", new ReturnSeen(Cake, 0, [], true, Noon)));
    }

    [Fact]
    public void A_return_voids_only_where_what_remains_would_not_have_earned_the_coupon()
    {
        var onlyRolls = new ReturnSeen(Cake with { TotalMinorUnits = 3000 }, 1500, ["rolls"], false, Noon);

        Assert.Equal("a/agr-2", Assert.Single(JointTriggers.ForReturn(Chain, "t-1", onlyRolls)).To.Value);
    }

    [Fact]
    public void A_free_purchase_returned_whole_voids_even_where_no_minimum_is_asked()
    {
        var shoes = Cake with { BrandId = "shoes", TotalMinorUnits = 0 };

        Assert.Single(JointTriggers.ForReturn(Chain, "t-1", new ReturnSeen(shoes, 0, [], true, Noon)));
    }

    [Fact]
    public void The_message_to_the_agreement_names_neither_customer_nor_store_nor_purchase()
    {
        var payload = Encoding.UTF8.GetString(Issues(Cake)[0].Payload.Span);

        Assert.DoesNotContain("anna", payload, StringComparison.Ordinal);
        Assert.DoesNotContain("store-1", payload, StringComparison.Ordinal);
        Assert.DoesNotContain("p-1", payload, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_issuing_tenant_opens_the_customer_reference_and_only_for_that_agreement()
    {
        var reference = Issue(Cake).Customer;
        var stranger = Chain with { LookupKey = Convert.ToBase64String(new byte[32]) };

        Assert.Equal("cus_anna", CustomerReference.Open(Chain, "t-1", "agr-1", reference));
        Assert.Null(CustomerReference.Open(Chain, "t-1", "agr-2", reference));
        Assert.Null(CustomerReference.Open(Chain, "t-2", "agr-1", reference));
        Assert.Null(CustomerReference.Open(stranger, "t-1", "agr-1", reference));
        Assert.Null(CustomerReference.Open(Chain, "t-1", "agr-1", "not a reference"));
    }

    [Fact]
    public void A_customer_has_one_pseudonym_per_leg_and_a_return_names_the_same_purchase()
    {
        var other = CustomerReference.Pseudonym(Convert.ToBase64String(new byte[32]), "cus_anna");
        var returned = JointTriggers.ForReturn(Chain, "t-1", new ReturnSeen(Cake, 0, [], true, Noon)).First();
        var voided = JointMessages.Read(returned.Payload, JointMessagesJson.Default.VoidJointCoupon);

        Assert.NotEqual(other, Issue(Cake).Pseudonym);
        Assert.Equal(32, other.Length);
        Assert.Equal(
            (Issue(Cake).Pseudonym, Issue(Cake).Purchase, Issue(Cake).LegId),
            (voided.Pseudonym, voided.Purchase, voided.LegId));
        Assert.NotEqual(Issue(Cake).Purchase, Issue(Cake with { Source = "web" }).Purchase);
    }

    private static List<Effect> Issues(PurchaseSeen purchase) =>
        [.. JointTriggers.ForPurchase(Chain, "t-1", purchase)];

    private static IssueJointCoupon Issue(PurchaseSeen purchase) =>
        JointMessages.Read(Issues(purchase)[0].Payload, JointMessagesJson.Default.IssueJointCoupon);
}
