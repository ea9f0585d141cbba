using System.Text.Json.Serialization;
using Retention.Domain.Coupons;
using Retention.Domain.Json;
using Retention.Kernel;

namespace Retention.Domain.Offers;

/// <summary>The grains of a chain's own offers, all in the tenant's partition.</summary>
public static class OfferGrains
{
    public static readonly IGrainKind Offer = new JsonGrainKind<OfferState, OfferFact>(
        "offer",
        OfferState.Initial,
        static (state, fact) => state.Evolve(fact),
        OfferStateJson.Default.OfferState,
        OfferFactJson.Default.OfferFact);

    public static readonly IGrainKind Use = new JsonGrainKind<OfferUseState, OfferUseFact>(
        "offer-use",
        OfferUseState.Initial,
        static (state, fact) => state.Evolve(fact),
        OfferStateJson.Default.OfferUseState,
        OfferFactJson.Default.OfferUseFact);

    public static readonly IGrainKind StoreUse = new JsonGrainKind<OfferUseState, OfferUseFact>(
        "offer-store",
        OfferUseState.Initial,
        static (state, fact) => state.Evolve(fact),
        OfferStateJson.Default.OfferUseState,
        OfferFactJson.Default.OfferUseFact);

    public static readonly IGrainKind Targets = new JsonGrainKind<TargetListState, TargetListFact>(
        "offer-targets",
        TargetListState.Initial,
        static (state, fact) => state.Evolve(fact),
        OfferStateJson.Default.TargetListState,
        OfferFactJson.Default.TargetListFact);

    public static readonly IGrainKind Code = new JsonGrainKind<CodeState, CodeFact>(
        "code",
        CodeState.Initial,
        static (state, fact) => state.Evolve(fact),
        OfferStateJson.Default.CodeState,
        OfferFactJson.Default.CodeFact);

    public static readonly IGrainKind Directory = new JsonGrainKind<OfferDirectoryState, OfferDirectoryFact>(
        "offer-directory",
        OfferDirectoryState.Initial,
        static (state, fact) => state.Evolve(fact),
        OfferStateJson.Default.OfferDirectoryState,
        OfferFactJson.Default.OfferDirectoryFact);

    public static readonly IGrainKind Coupon = new JsonGrainKind<CouponState, CouponFact>(
        "coupon",
        CouponState.Initial,
        static (state, fact) => state.Evolve(fact),
        OfferStateJson.Default.CouponState,
        OfferFactJson.Default.CouponFact);

    public static readonly IGrainKind Wallet = new JsonGrainKind<WalletState, WalletFact>(
        "wallet",
        WalletState.Initial,
        static (state, fact) => state.Evolve(fact),
        OfferStateJson.Default.WalletState,
        OfferFactJson.Default.WalletFact);

    public static readonly IGrainKind Redemption = new JsonGrainKind<RedemptionState, RedemptionFact>(
        "coupon-redemption",
        RedemptionState.Initial,
        static (state, fact) => state.Evolve(fact),
        OfferStateJson.Default.RedemptionState,
        OfferFactJson.Default.RedemptionFact);

    public static readonly IGrainKind Series = new JsonGrainKind<CodeSeriesState, CodeSeriesFact>(
        "code-series",
        CodeSeriesState.Initial,
        static (state, fact) => state.Evolve(fact),
        OfferStateJson.Default.CodeSeriesState,
        OfferFactJson.Default.CodeSeriesFact);

    public static GrainId OfferId(string tenantId, string offerId) => Of(tenantId, "offer", offerId);

    public static GrainId UseId(string tenantId, string offerId, string customerId) =>
        Of(tenantId, "offer-use", offerId + "|" + customerId);

    public static GrainId StoreUseId(string tenantId, string offerId, string storeId) =>
        Of(tenantId, "offer-store", offerId + "|" + storeId);

    public static GrainId TargetsId(string tenantId, string offerId, int bucket) =>
        Of(tenantId, "offer-targets", $"{offerId}|{bucket}");

    public static GrainId CodeId(string tenantId, string code) => Of(tenantId, "code", code);

    public static GrainId DirectoryHead(string tenantId) => Of(tenantId, "offer-directory", "head");

    public static GrainId DirectoryPage(string tenantId, int page) => Of(tenantId, "offer-directory", $"{page}");

    public static GrainId CouponId(string tenantId, string code) => Of(tenantId, "coupon", code);

    public static GrainId WalletId(string tenantId, string customerId) => Of(tenantId, "wallet", customerId);

    public static GrainId RedemptionId(string tenantId, string redemptionId) =>
        Of(tenantId, "coupon-redemption", redemptionId);

    public static GrainId SeriesHead(string tenantId) => Of(tenantId, "code-series", "head");

    public static GrainId SeriesId(string tenantId, int number) => Of(tenantId, "code-series", $"{number}");

    private static GrainId Of(string tenantId, string kind, string key) =>
        new(PartitionId.Tenant(tenantId), kind, key);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    Converters = [typeof(InstantJson), typeof(LocalDateJson)])]
[JsonSerializable(typeof(OfferFact))]
[JsonSerializable(typeof(OfferUseFact))]
[JsonSerializable(typeof(TargetListFact))]
[JsonSerializable(typeof(CodeFact))]
[JsonSerializable(typeof(OfferDirectoryFact))]
[JsonSerializable(typeof(CouponFact))]
[JsonSerializable(typeof(WalletFact))]
[JsonSerializable(typeof(RedemptionFact))]
[JsonSerializable(typeof(CodeSeriesFact))]
internal sealed partial class OfferFactJson : JsonSerializerContext;

// States are written whole: what is left out would come back as null, not as the initial value.
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    IgnoreReadOnlyProperties = true,
    Converters = [typeof(InstantJson), typeof(LocalDateJson)])]
[JsonSerializable(typeof(OfferState))]
[JsonSerializable(typeof(OfferUseState))]
[JsonSerializable(typeof(TargetListState))]
[JsonSerializable(typeof(CodeState))]
[JsonSerializable(typeof(OfferDirectoryState))]
[JsonSerializable(typeof(CouponState))]
[JsonSerializable(typeof(WalletState))]
[JsonSerializable(typeof(RedemptionState))]
[JsonSerializable(typeof(CodeSeriesState))]
internal sealed partial class OfferStateJson : JsonSerializerContext;
