using NodaTime;
using Retention.Domain.Offers;
using Retention.Kernel;
using static Retention.Domain.Tests.Offers.OfferScene;

namespace Retention.Domain.Tests.Offers;

public sealed class OfferTests
{
    private readonly OfferScene scene = new();

    [Fact]
    public void An_offer_that_is_not_sound_is_refused_with_the_field_named()
    {
        Assert.Equal("kind", Field(Spring with { Kind = 0 }));
        Assert.Equal("code", Field(Spring with { Code = "" }));
        Assert.Equal("code", Field(Spring with { Kind = OfferKind.UniqueCodes }));
        Assert.Equal("discount.share_bps", Field(Spring with { Discount = new Discount(0, 10_001, 0) }));
        Assert.Equal("discount", Field(Spring with { Discount = new Discount(100, 100, 0) }));
        Assert.Equal("limits", Field(Spring with { Limits = new OfferLimits(-1, 0, 0, 0) }));
        Assert.Equal("validity", Field(Spring with { Validity = Days(new LocalDate(2017, 5, 2), new LocalDate(2017, 5, 1)) }));
        Assert.Equal(
            "validity.time_zone", Field(Spring with { Validity = new OfferValidity(null, null, "Europe/Atlantis", 0) }));
    }

    [Fact]
    public void A_generic_code_may_not_look_like_somebodys_coupon()
    {
        var code = Domain.Coupons.CouponCode.Of(new byte[11]);

        Assert.Equal("code", Field(Spring with { Code = code.ToLowerInvariant() }));
    }

    [Fact]
    public void An_offer_is_made_in_the_tenants_currency_for_its_own_brands_and_stores()
    {
        Assert.Equal(RefusalReason.CurrencyMismatch, scene.Create(Spring, "EUR")?.Reason);
        Assert.Equal(RefusalReason.BrandNotFound, scene.Create(Spring with { BrandId = "shoes" })?.Reason);
        Assert.Equal(
            RefusalReason.StoreNotFound,
            scene.Create(Spring with { Conditions = new OfferConditions(0, [], ["s-9"], false) })?.Reason);
    }

    [Fact]
    public void An_offer_id_is_used_once_and_a_code_once_in_a_campaign()
    {
        Assert.Null(scene.Create(Spring));

        Assert.Equal(RefusalReason.OfferExists, scene.Create(Spring with { Code = "other" })?.Reason);
        Assert.Equal(RefusalReason.OfferExists, scene.Create(Spring with { OfferId = "off-2", Code = "SAVE10" })?.Reason);
        Assert.Null(scene.Create(Spring with { OfferId = "off-2", CampaignId = "summer" }));
    }

    [Fact]
    public void An_offer_goes_from_draft_to_active_and_back_and_forth_by_pause()
    {
        scene.Create(Spring);

        Assert.Equal(RefusalReason.OfferNotActive, Ask(OfferTurns.Pause).Refusal?.Reason);
        Assert.Equal(OfferStatus.Active, ((OfferView)Ask(OfferTurns.Activate).Reply!).State.Status);
        Assert.Equal(OfferStatus.Paused, ((OfferView)Ask(OfferTurns.Pause).Reply!).State.Status);
        Assert.True(Ask(OfferTurns.Pause).ChangesNothing);
        Assert.Equal(OfferStatus.Active, ((OfferView)Ask(OfferTurns.Activate).Reply!).State.Status);
    }

    [Fact]
    public void A_customer_stands_on_the_target_list_once()
    {
        scene.Create(Spring);

        Assert.Equal(new TargetsAdded(2, 2), scene.Target("off-1", "anna", "bert", "anna"));
        Assert.Equal(new TargetsAdded(1, 3), scene.Target("off-1", "anna", "carl"));
        Assert.Equal(new TargetsAdded(0, 3), scene.Target("off-1", "anna"));
    }

    [Fact]
    public void Offers_are_listed_page_by_page_in_the_order_of_their_making()
    {
        for (var i = 0; i < 1197; i++)
        {
            Assert.Null(scene.Create(Spring with { OfferId = $"off-{i}", CampaignId = $"c-{i % 27}", Code = $"code-{i}" }));
        }

        var seen = new List<string>();
        for (int? next = 0; next is { } from;)
        {
            var page = scene.Books.Granted<OfferPage>(turn => OfferTurns.List(turn, Tenant, from, 350));
            seen.AddRange(page.Offers.Select(view => view.State.Offer!.OfferId));
            next = page.NextIndex;
        }

        Assert.Equal(Enumerable.Range(0, 1197).Select(i => $"off-{i}"), seen);
    }

    [Fact]
    public void Unique_coupons_are_issued_by_active_offers_of_that_kind_only()
    {
        scene.Create(Spring with { Kind = OfferKind.UniqueCodes, Code = "" });
        var issue = new IssueCoupons(Tenant, "off-1", "", ["A"]);

        Assert.Equal(RefusalReason.OfferNotActive, scene.Books.Refused(turn => OfferTurns.Issue(turn, issue)).Reason);
        Ask(OfferTurns.Activate);
        scene.Issue("off-1");
        Assert.Equal(1, scene.State("off-1").IssuedCount);

        scene.Active(Spring with { OfferId = "off-2" });
        var generic = scene.Books.Refused(turn => OfferTurns.Issue(turn, issue with { OfferId = "off-2" }));
        Assert.Equal(RefusalReason.FieldInvalid, generic.Reason);
    }

    private static OfferValidity Days(LocalDate start, LocalDate end) => new(start, end, "", 0);

    private string? Field(Offer offer) =>
        scene.Create(offer)?.Details.Single(detail => detail.Name == "field").Value;

    private Decision Ask(Func<ITurn, string, string, Decision> decide) =>
        scene.Books.Ask(turn => decide(turn, Tenant, "off-1"));
}
