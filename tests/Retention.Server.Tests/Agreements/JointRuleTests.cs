using NodaTime;
using Retention.Server.Tests.Customers;
using Retention.Server.Tests.Offers;
using Retention.Server.Tests.Support;
using Retention.V1;
using static Retention.Server.Tests.Offers.OfferCalls;

namespace Retention.Server.Tests.Agreements;

/// <summary>Rules of joint offers (JC) as two brands meet them over gRPC, where no other test shows them.</summary>
public sealed class JointRuleTests
{
    [Fact]
    public async Task Either_brand_pauses_at_once_and_running_coupons_are_honored()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, terms => terms.Trigger.MaxOpenPerCustomer = 0);
        var running = (await shops.BuyAsync("p-1"))!;

        _ = await JointShops.Call<PauseAgreementResponse>(shops.Shoes, "AgreementService/PauseAgreement", new PauseAgreementRequest
        {
            RequestId = TestServer.NewId(), AgreementId = shops.AgreementId,
        });
        Assert.Null(await shops.BuyAsync("p-2"));
        await shops.RedeemAsync(running);

        Assert.Equal((66, 0), await shops.OwedAsync());
        Assert.Equal("AGREEMENT_NOT_PAUSED", (await ResumeAsync(shops.Bakery)).Reason);
        _ = (await ResumeAsync(shops.Shoes)).Reply;
        await shops.DrainedAsync();
        Assert.NotNull(await shops.BuyAsync("p-3"));

        Task<RpcAnswer<ResumeAgreementResponse>> ResumeAsync(TestTenant by) => JointShops.Ask<ResumeAgreementResponse>(
            by,
            "AgreementService/ResumeAgreement",
            new ResumeAgreementRequest { RequestId = TestServer.NewId(), AgreementId = shops.AgreementId });
    }

    [Fact]
    public async Task The_named_party_bears_the_rounding_rest_and_no_brand_more_than_its_cap_for_a_month()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, terms =>
        {
            terms.Trigger.MaxOpenPerCustomer = 0;
            (terms.Funding[0].RoundingParty, terms.Funding[1].RoundingParty) = (true, false);
            terms.Caps = new JointCaps
            {
                Funding = { new FundingCap { Brand = terms.Funding[0].Brand, Amount = Usd(67) } },
            };
        });

        var code = await shops.BuyAsync("p-1");
        Assert.Null(await shops.BuyAsync("p-2"));
        await shops.RedeemAsync(code!);

        Assert.Equal((67, 0), await shops.OwedAsync());
        await shops.AdvanceAsync(JointShops.Start + Duration.FromDays(31));
        Assert.NotNull(await shops.BuyAsync("p-3"));
        var told = Assert.Single((await shops.Bakery.Report(shops.AgreementId)).Legs[0].SuppressedBy);
        Assert.Equal(("FUNDING_CAP", 1L), (told.Reason, told.Count));
    }

    [Fact]
    public async Task A_person_known_at_both_brands_has_one_cap_for_both()
    {
        await using var server = await TestServer.StartAsync();
        var (bakery, shoes) = (await Shop.OpenAsync(server), await Shop.OpenAsync(server));
        await bakery.EnrollAsync();
        await shoes.EnrollAsync("bert");
        var proposal = AgreementCalls.Proposal(bakery.Tenant, shoes.Tenant);
        proposal.Terms.Trigger.MaxOpenPerCustomer = 0;
        proposal.Terms.Caps = new JointCaps { MaxOpenPerPerson = 2 };
        _ = (await bakery.Tenant.Propose(proposal)).Reply;
        _ = (await shoes.Tenant.Accept(proposal.AgreementId)).Reply;
        await bakery.Tenant.Drained(proposal.AgreementId);
        await LinkCalls.LinkAsync(bakery, "ann", shoes, "bert", proposal.AgreementId);

        await bakery.BuyAsync("p1", 1_000);
        await shoes.BuyAsync("s1", 1_000, sale => sale.CustomerId = "bert");
        await bakery.Tenant.Drained(proposal.AgreementId);
        await shoes.BuyAsync("s2", 1_000, sale => sale.CustomerId = "bert");
        await bakery.BuyAsync("p2", 1_000);
        await bakery.Tenant.Drained(proposal.AgreementId);

        var legs = (Issuing: await bakery.Tenant.Report(proposal.AgreementId), Redeeming: await shoes.Tenant.Report(proposal.AgreementId));
        Assert.Equal((1, 1), (legs.Issuing.Legs[0].Issued, legs.Redeeming.Legs[1].Issued));
        Assert.Equal("MAX_OPEN_PER_PERSON", Assert.Single(legs.Issuing.Legs[0].SuppressedBy).Reason);
        Assert.Equal("MAX_OPEN_PER_PERSON", Assert.Single(legs.Redeeming.Legs[1].SuppressedBy).Reason);
    }

    [Fact]
    public async Task Small_counts_of_the_partners_leg_are_not_told()
    {
        await using var server = await TestServer.StartAsync();

        // On real clocks: in a sandbox there is nobody to protect.
        var (bakery, shoes) = (await RealAsync(), await RealAsync());
        await bakery.EnrollAsync();
        var proposal = AgreementCalls.Proposal(bakery.Tenant, shoes.Tenant);
        proposal.Terms.Trigger.MaxOpenPerCustomer = 0;
        proposal.Terms.SuppressCountsUnder = 3;
        _ = (await bakery.Tenant.Propose(proposal)).Reply;
        _ = (await shoes.Tenant.Accept(proposal.AgreementId)).Reply;
        await bakery.Tenant.Drained(proposal.AgreementId);
        await BuyAsync(1, 2);

        var (own, partners) = (await LegAsync(bakery.Tenant), await LegAsync(shoes.Tenant));
        Assert.Equal((2, 2, false), (own.Issued, own.Open, own.IsHidden));
        Assert.Equal((0, 0, true), (partners.Issued, partners.Open, partners.IsHidden));
        Assert.Empty(partners.SuppressedBy);

        await BuyAsync(3, 3);
        partners = await LegAsync(shoes.Tenant);
        Assert.Equal((3, 3, false), (partners.Issued, partners.Open, partners.IsHidden));

        async Task<Shop> RealAsync()
        {
            var tenant = await server.CreateTenantAsync();
            return new Shop(tenant, await tenant.KeyAsync(Role.Store));
        }

        async Task BuyAsync(int from, int to)
        {
            for (var number = from; number <= to; number++) await bakery.BuyAsync($"p{number}", 1_000);
            await bakery.Tenant.Drained(proposal.AgreementId);
        }

        async Task<JointLegReport> LegAsync(TestTenant tenant) => (await tenant.Report(proposal.AgreementId)).Legs[0];
    }

    [Theory]
    [InlineData(TriggerReturnLoss.Mirror, 0)]
    [InlineData(TriggerReturnLoss.IssuerBears, 66)]
    public async Task Once_the_void_has_arrived_the_coupon_is_refused_and_an_earlier_use_follows_the_terms(
        TriggerReturnLoss loss, long owed)
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, terms =>
        {
            terms.Trigger.MaxOpenPerCustomer = 0;
            terms.TriggerReturnLoss = loss;
        });
        var (used, open) = ((await shops.BuyAsync("p-1"))!, (await shops.BuyAsync("p-2"))!);
        var redemption = await shops.RedeemAsync(used);

        await shops.ReturnAsync(shops.Bakery, "p-1", 4);
        await shops.ReturnAsync(shops.Bakery, "p-2", 4);

        Assert.Equal("VOIDED", (await shops.Shoes.Redeem(new RedeemCouponRequest { Code = open })).Reason);
        Assert.Equal("ALREADY_REDEEMED", (await shops.Shoes.Redeem(new RedeemCouponRequest { Code = used })).Reason);
        Assert.Equal((owed, 0), await shops.OwedAsync());

        // The basket at the shoe shop comes back, too: nothing is taken back twice, and nothing can be used again.
        var reversed = await JointShops.Call<ReverseCouponRedemptionResponse>(
            shops.Shoes,
            "CouponService/ReverseCouponRedemption",
            new ReverseCouponRedemptionRequest { RequestId = TestServer.NewId(), RedemptionId = redemption, Reason = "RETURNED" });
        Assert.NotNull(reversed);
        Assert.Equal((0, 0), await shops.OwedAsync());
        Assert.Equal("VOIDED", (await shops.Shoes.Redeem(new RedeemCouponRequest { Code = used })).Reason);
    }

    [Fact]
    public async Task A_reserved_joint_coupon_waits_for_its_order_and_a_canceled_order_gives_it_back()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, _ => { });
        var code = (await shops.BuyAsync("p-1"))!;
        var first = (await ReserveAsync("o-1")).Reply;
        Assert.Equal(199, first.Discount.MinorUnits);
        Assert.Equal("RESERVED_ELSEWHERE", (await ReserveAsync("o-2")).Reason);
        Assert.Equal("RESERVED_ELSEWHERE", (await shops.Shoes.Redeem(new RedeemCouponRequest { Code = code })).Reason);
        Assert.Equal("RESERVATION_NOT_FOUND", (await ReleaseAsync(shops.Bakery, first.ReservationId)).Reason);

        Assert.True((await ReleaseAsync(shops.Shoes, "", "o-1")).Reply.WasOpen);
        _ = (await ReserveAsync("o-3")).Reply;
        var redeemed = await JointShops.Ask<RedeemCouponResponse>(shops.Shoes, "CouponService/RedeemCoupon", new RedeemCouponRequest
        {
            RequestId = TestServer.NewId(), Code = code, Source = "web", OrderId = "o-3",
        });

        Assert.Equal(199, redeemed.Reply.Redemption.Discount.MinorUnits);
        Assert.Equal((66, 0), await shops.OwedAsync());
        Assert.False((await ReleaseAsync(shops.Shoes, "", "o-3")).Reply.WasOpen);

        Task<RpcAnswer<ReserveCouponResponse>> ReserveAsync(string orderId) => JointShops.Ask<ReserveCouponResponse>(
            shops.Shoes,
            "CouponService/ReserveCoupon",
            new ReserveCouponRequest
            {
                RequestId = TestServer.NewId(), Code = code, Source = "web", OrderId = orderId, Ttl = new() { Seconds = 600 },
            });

        Task<RpcAnswer<ReleaseReservationResponse>> ReleaseAsync(TestTenant by, string id, string order = "")
        {
            var request = new ReleaseReservationRequest { RequestId = TestServer.NewId(), Source = "web" };
            if (order.Length > 0) request.OrderId = order;
            else request.ReservationId = id;
            return JointShops.Ask<ReleaseReservationResponse>(by, "CouponService/ReleaseReservation", request);
        }
    }

    [Fact]
    public async Task A_joint_coupon_goes_with_the_chains_own_and_takes_what_they_leave_to_pay()
    {
        await using var server = await TestServer.StartAsync();
        var shops = await JointShops.OpenAsync(server, terms => terms.Trigger.MaxOpenPerCustomer = 0);
        var codes = ((await shops.BuyAsync("p-1"))!, (await shops.BuyAsync("p-2"))!);
        await shops.Shoes.ActiveOffer(new Offer { OfferId = "most", Code = "MOST", Discount = new Discount { ShareBps = 8500 } });
        await shops.Shoes.ActiveOffer(new Offer
        {
            OfferId = "only", Code = "ONLY", Discount = new Discount { AmountOff = Usd(990) }, Stacking = new OfferStacking { Exclusive = true },
        });
        var basket = new Basket { Total = Usd(1000) };

        var answer = await JointShops.Call<ValidateCouponsResponse>(shops.Shoes, "CouponService/ValidateCoupons", new ValidateCouponsRequest
        {
            Codes = { codes.Item1, "only", "most", codes.Item2 }, Basket = basket,
        });

        Assert.Equal(1000, answer.Discount.MinorUnits);
        Assert.Equal(
            [(2, 850L, true), (0, 150, true), (1, 0, false), (3, 0, false)],
            answer.Coupons.Select(coupon => (coupon.Index, coupon.Discount.MinorUnits, coupon.IsApplied)));
        var joint = answer.Coupons[1];
        Assert.Equal((shops.AgreementId, ""), (joint.AgreementId, joint.OfferId));
        var redeemed = (await shops.Shoes.Redeem(new RedeemCouponRequest
        {
            Code = codes.Item1, Basket = basket, MaximumDiscount = joint.Discount,
        })).Reply.Redemption;
        Assert.Equal(150, redeemed.Discount.MinorUnits);
        Assert.Equal((49, 0), await shops.OwedAsync());
        Assert.Equal(["ALREADY_REDEEMED"], (await JointShops.Call<ValidateCouponsResponse>(
            shops.Shoes,
            "CouponService/ValidateCoupons",
            new ValidateCouponsRequest { Codes = { codes.Item1 }, Basket = basket })).Coupons[0].Reasons);
    }
}
