using NodaTime;
using Retention.Server.Client;
using Retention.Server.Commands;
using Retention.Server.Demo.Dataset;
using Retention.V1;

namespace Retention.Server.Demo;

/// <summary>
/// Makes the tenants, agreements, offers and customers of a demo; made before, they stay as they are.
/// </summary>
internal sealed class WorldSetup(
    DemoPlan plan, RpcClient platform, DemoMemory memory, CrashPlan crash, ConsoleProgress progress)
{
    private const int CallsAtOnce = 32;
    private const int TargetsPerCall = 1_000;
    private const long CampaignDiscountMinorUnits = 100;

    public async Task<DemoWorld> RunAsync(CancellationToken stop)
    {
        var tenants = new Dictionary<string, DemoTenant>();
        foreach (var brand in plan.TenantBrands)
        {
            tenants[brand] = await TenantAsync("brand-" + brand, brand, plan.FirstDate, stop);
        }

        var chain = tenants[plan.Dataset.Chain];
        var second = plan.Invalid.Count == 0 ? null : await TenantAsync(
            "second-" + plan.Dataset.Chain, plan.Dataset.Chain, FirstInvalidDate(), stop);
        var agreements = new List<DemoAgreement>();
        foreach (var (first, other) in plan.Pairs)
        {
            agreements.Add(await AgreeAsync(tenants[first], tenants[other], stop));
        }

        var world = new DemoWorld(chain, tenants, second, agreements);
        await world.DrainAsync(plan.Scenario.Brands.ToHashSet(), stop);
        foreach (var owner in second is null ? [chain] : new[] { chain, second })
        {
            await OffersAsync(owner, owner == chain ? "offers" : "second offers", stop);
        }

        foreach (var (brand, tenant) in tenants)
        {
            await EnrollAsync(tenant, [.. plan.CustomersOf(brand)], $"customers of {brand}", stop);
        }

        if (second is not null)
        {
            var households = plan.Invalid.Select(invalid => invalid.Row.Household).Distinct();
            await EnrollAsync(second, [.. households], "second customers", stop);
        }

        await crash.SettleAsync();
        return world;
    }

    private LocalDate FirstInvalidDate() => plan.Invalid.Select(invalid => invalid.Row.Date).Min();

    private async Task<DemoTenant> TenantAsync(
        string tenantId, string brandId, LocalDate from, CancellationToken stop)
    {
        if (memory.KeyOf(tenantId) is not { } key)
        {
            var created = await platform.Call<CreateTenantResponse>(
                "retention.v1.TenantService/CreateTenant",
                new CreateTenantRequest
                {
                    RequestId = RequestIds.Of("tenant", tenantId),
                    TenantId = tenantId,
                    DisplayName = "Demo " + tenantId,
                    CurrencyCode = DemoTenant.Currency,
                    TimeZone = DemoTenant.TimeZone,
                    VirtualStartTime = DemoTenant.At(from.AtMidnight()),
                },
                stop);
            key = created.AdminApiKey.Length > 0
                ? created.AdminApiKey
                : throw new CommandFailure($"the key of {tenantId} was shown before and not kept; use an empty --data");
            memory.KeepKey(tenantId, key);
        }

        var tenant = new DemoTenant(tenantId, brandId, platform.As(key));
        await tenant.Call<CreateBrandResponse>(
            "TenantService/CreateBrand",
            new CreateBrandRequest { RequestId = "brand", BrandId = brandId, DisplayName = "Brand " + brandId },
            stop);
        await tenant.Call<CreateStoreResponse>(
            "TenantService/CreateStore",
            new CreateStoreRequest
            {
                RequestId = "store", BrandId = brandId, StoreId = DemoTenant.StoreId, DisplayName = "Main store",
            },
            stop);
        return tenant;
    }

    private async Task<DemoAgreement> AgreeAsync(DemoTenant first, DemoTenant second, CancellationToken stop)
    {
        var agreementId = RequestIds.Of("joint", first.BrandId, second.BrandId);
        var proposed = await first.Call<ProposeAgreementResponse>(
            "AgreementService/ProposeAgreement",
            new ProposeAgreementRequest
            {
                RequestId = RequestIds.Of("propose", agreementId),
                AgreementId = agreementId,
                Issuing = new AgreementParty { TenantId = first.TenantId, BrandId = first.BrandId },
                Redeeming = new AgreementParty { TenantId = second.TenantId, BrandId = second.BrandId },
                Terms = Terms(first.BrandId, second.BrandId),
            },
            stop);
        await second.Call<AcceptAgreementResponse>(
            "AgreementService/AcceptAgreement",
            new AcceptAgreementRequest
            {
                RequestId = RequestIds.Of("accept", agreementId),
                AgreementId = agreementId,
                TermsVersion = proposed.Agreement.TermsVersion,
            },
            stop);
        return new DemoAgreement(agreementId, first, second);
    }

    private AgreementTerms Terms(string issuer, string redeemer)
    {
        var scenario = plan.Scenario;
        return new AgreementTerms
        {
            Offer = new JointOffer { AmountOff = DemoTenant.Dollars(scenario.CouponMinorUnits) },
            Trigger = new JointTrigger
            {
                DaysValid = scenario.DaysValid,
                MaxOpenPerCustomer = scenario.MaxOpenPerCustomer,
                MaxIssuedPerCustomerMonth = scenario.MaxIssuedPerCustomerMonth ?? 0,
            },
            Funding =
            {
                new Funding { Brand = issuer, ShareBps = scenario.IssuerShareBps },
                new Funding { Brand = redeemer, ShareBps = 10_000 - scenario.IssuerShareBps, RoundingParty = true },
            },
            CurrencyCode = DemoTenant.Currency,
            StatementPeriod = StatementPeriod.Month,
            PeriodTimeZone = DemoTenant.TimeZone,
            Settle = Settle.AtRedeem,
            TriggerReturnLoss = TriggerReturnLoss.Mirror,
            Mirrored = true,
        };
    }

    private async Task OffersAsync(DemoTenant owner, string step, CancellationToken stop)
    {
        var campaigns = plan.Dataset.Campaigns.ToDictionary(campaign => campaign.CampaignId);
        var offers = plan.Dataset.Offers.Where(offer => campaigns.ContainsKey(offer.CampaignId)).ToArray();
        await EachAsync(offers, step, async (offer, cancellation) =>
        {
            await OfferAsync(owner, offer, campaigns[offer.CampaignId], cancellation);
            crash.Pass(DemoMoment.Offer, stop);
        }, stop);
    }

    private static async Task OfferAsync(
        DemoTenant owner, DemoOffer offer, DemoCampaign campaign, CancellationToken stop)
    {
        var offerId = RequestIds.Of(offer.CampaignId, offer.Upc);
        await owner.Call<CreateOfferResponse>(
            "OfferService/CreateOffer",
            new CreateOfferRequest
            {
                RequestId = RequestIds.Of("offer", offerId), Offer = Offer(owner, offer, campaign),
            },
            stop);
        foreach (var (number, households) in campaign.Households.Chunk(TargetsPerCall).Index())
        {
            await owner.Call<AddOfferTargetsResponse>(
                "OfferService/AddOfferTargets",
                new AddOfferTargetsRequest
                {
                    RequestId = RequestIds.Of("targets", offerId, $"{number}"),
                    OfferId = offerId,
                    CustomerIds = { households },
                },
                stop);
        }

        await owner.Call<ActivateOfferResponse>(
            "OfferService/ActivateOffer",
            new ActivateOfferRequest { RequestId = RequestIds.Of("activate", offerId), OfferId = offerId },
            stop);
    }

    private static Offer Offer(DemoTenant owner, DemoOffer offer, DemoCampaign campaign) => new()
    {
        OfferId = RequestIds.Of(offer.CampaignId, offer.Upc),
        CampaignId = offer.CampaignId,
        BrandId = owner.BrandId,
        Kind = OfferKind.GenericCode,
        Code = offer.Upc,
        Discount = new Discount { AmountOff = DemoTenant.Dollars(CampaignDiscountMinorUnits) },
        Conditions = new OfferConditions { TargetsOnly = true },
        Limits = new OfferLimits { PerCustomer = 2 },
        Validity = new OfferValidity
        {
            StartDate = $"{campaign.StartsOn:uuuu-MM-dd}",
            EndDate = $"{campaign.EndsOn:uuuu-MM-dd}",
            TimeZone = DemoTenant.TimeZone,
        },
    };

    private Task EnrollAsync(DemoTenant tenant, string[] households, string step, CancellationToken stop) =>
        EachAsync(households, step, (household, cancellation) => tenant.EnrollAsync(household, cancellation), stop);

    private async Task EachAsync<T>(
        T[] items, string step, Func<T, CancellationToken, Task> work, CancellationToken stop)
    {
        var done = 0;
        var settings = new ParallelOptions { MaxDegreeOfParallelism = CallsAtOnce, CancellationToken = stop };
        await Parallel.ForEachAsync(items, settings, async (item, cancellation) =>
        {
            await work(item, cancellation);
            progress.Show(step, Interlocked.Increment(ref done), items.Length);
        });
    }
}
