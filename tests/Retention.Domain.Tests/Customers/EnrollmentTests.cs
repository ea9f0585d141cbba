using Retention.Domain.Customers;
using Retention.Kernel;

namespace Retention.Domain.Tests.Customers;

public sealed class EnrollmentTests
{
    private readonly World world = new();

    [Fact]
    public void A_new_customer_has_no_points()
    {
        world.Enroll(card: "4711");

        Assert.True(world.Customer().IsActive);
        Assert.Equal(new PointsBalance(0, 0, null, 0), world.Balance());
    }

    [Fact]
    public void A_customer_enrolls_once()
    {
        world.Enroll();

        Refused(RefusalReason.CustomerExists, world.Enroll());
    }

    [Theory]
    [InlineData("4711 0815-ab", "47110815AB")]
    [InlineData("47110815ab", " 4711-0815-AB ")]
    public void A_card_spelled_differently_is_the_same_card(string first, string second)
    {
        world.Enroll(card: first);

        Refused(RefusalReason.CardInUse, world.Enroll("bob", card: second));
    }

    [Fact]
    public void Nobody_else_enrolls_with_an_email_in_use()
    {
        world.Enroll(email: "Ann@Example.com");

        var decision = world.Enroll("bob", email: " ann@example.COM ");

        Refused(RefusalReason.CardInUse, decision);
        Assert.Equal(new RefusalDetail("kind", "email"), Assert.Single(decision.Refusal!.Details));
    }

    [Fact]
    public void Nobody_else_enrolls_with_a_phone_in_use()
    {
        world.Enroll(phone: "+1 (555) 010-0199");

        Refused(RefusalReason.CardInUse, world.Enroll("bob", phone: "0015550100199"));
    }

    [Fact]
    public void A_card_a_phone_and_an_email_of_equal_spelling_are_three_keys()
    {
        world.Enroll(card: "5550100");

        Assert.Null(world.Enroll("bob", phone: "5550100").Refusal);
    }

    [Fact]
    public void A_card_without_letters_and_digits_is_refused()
    {
        Refused(RefusalReason.FieldInvalid, world.Enroll(card: " - "));
    }

    [Fact]
    public void Nobody_enrolls_at_a_tenant_that_does_not_exist()
    {
        world.Set(world.TenantState with { Exists = false });

        Refused(RefusalReason.TenantNotFound, world.Enroll());
    }

    [Fact]
    public void Nobody_enrolls_at_an_unknown_brand_or_at_a_store_of_another_brand()
    {
        Refused(RefusalReason.BrandNotFound, Enroll(World.Till with { BrandId = "socks" }));
        Refused(RefusalReason.StoreNotFound, Enroll(World.Till with { StoreId = "s9" }));
        Refused(RefusalReason.StoreNotFound, Enroll(World.Till with { StoreId = "hat1" }));
    }

    [Fact]
    public void Consent_to_an_unknown_brand_is_refused()
    {
        var command = new EnrollCustomer("ann", [], null, [Marketing("socks", true)], World.Till);

        Refused(RefusalReason.BrandNotFound, world.Ask(turn => CustomerTurns.Enroll(turn, World.Tenant, command)));
    }

    [Fact]
    public void More_consents_than_a_customer_can_hold_are_refused()
    {
        var many = Enumerable.Range(0, CustomerTurns.ConsentsMax + 1).Select(i => Marketing("shoes", true) with { Purpose = $"p{i}" });
        var command = new EnrollCustomer("ann", [], null, [.. many], World.Till);

        Refused(RefusalReason.LimitTooMany, world.Ask(turn => CustomerTurns.Enroll(turn, World.Tenant, command)));
    }

    [Fact]
    public void A_withdrawn_consent_replaces_the_given_one_and_leaves_the_others()
    {
        world.Enroll();
        Consents(Marketing("shoes", true), Marketing("hats", true));

        Consents(Marketing("shoes", false));

        Assert.Equal(2, world.Customer().Consents.Length);
        Assert.False(world.Customer().Consents.Single(consent => consent.BrandId == "shoes").IsGranted);
        Assert.True(world.Customer().Consents.Single(consent => consent.BrandId == "hats").IsGranted);
        Assert.Equal(world.Now, world.Customer().Consents[0].ChangedAt);
    }

    [Fact]
    public void An_unknown_customer_gives_no_consent_and_has_no_contact()
    {
        Refused(RefusalReason.CustomerNotFound, Consents(Marketing("shoes", true)));
        Refused(RefusalReason.CustomerNotFound, Contact());
    }

    [Fact]
    public void A_contact_is_recorded_with_the_time_it_happened()
    {
        world.Enroll();

        var receipt = (ContactReceipt)Contact().Reply!;

        Assert.Equal(world.Now, receipt.Contact.ContactedAt);
        Assert.IsType<ContactLogged>(world.Journal[^1].Fact);
    }

    [Fact]
    public void A_changed_email_frees_the_old_one_and_keeps_the_card()
    {
        world.Enroll(card: "4711", email: "ann@example.com");

        Profile("ann", (CustomerKeyKind.Email, "new@example.com"));

        Assert.Null(world.Enroll("bob", email: "ann@example.com").Refusal);
        Refused(RefusalReason.CardInUse, world.Enroll("eve", email: "new@example.com"));
        Refused(RefusalReason.CardInUse, world.Enroll("eve", card: "4711"));
    }

    [Fact]
    public void An_unchanged_email_stays_the_customers()
    {
        world.Enroll(email: "ann@example.com");

        Assert.Null(Profile("ann", (CustomerKeyKind.Email, "ANN@example.com")).Refusal);
        Refused(RefusalReason.CardInUse, world.Enroll("bob", email: "ann@example.com"));
    }

    [Fact]
    public void A_profile_cannot_take_somebody_elses_email()
    {
        world.Enroll(email: "ann@example.com");
        world.Enroll("bob");

        Refused(RefusalReason.CardInUse, Profile("bob", (CustomerKeyKind.Email, "ann@example.com")));
        Refused(RefusalReason.FieldInvalid, Profile("bob", (CustomerKeyKind.Phone, "ext.")));
        Refused(RefusalReason.CustomerNotFound, Profile("eve"));
    }

    internal static void Refused(RefusalReason reason, Decision decision)
    {
        Assert.Equal(reason, decision.Refusal?.Reason);
        Assert.True(decision.ChangesNothing);
    }

    private static Consent Marketing(string brandId, bool isGranted) =>
        new(brandId, "email", "marketing", isGranted, "form", "v1", default);

    private Decision Enroll(Origin origin) => world.Ask(turn =>
        CustomerTurns.Enroll(turn, World.Tenant, new EnrollCustomer("ann", [], null, default, origin)));

    private Decision Consents(params Consent[] consents) => world.Ask(turn =>
        CustomerTurns.ChangeConsents(turn, World.Tenant, new ChangeConsents("ann", [.. consents], World.Till)));

    private Decision Contact() => world.Ask(turn => CustomerTurns.LogContact(
        turn,
        World.Tenant,
        new LogContact("ann", "con_1", "phone", true, "service", "answered", null, null, World.Till)));

    private Decision Profile(string customerId, params (CustomerKeyKind, string)[] keys) => world.Ask(turn =>
        CustomerTurns.ChangeProfile(turn, World.Tenant, new ChangeProfile(customerId, [.. keys], "bmV3", World.Till)));
}
