using System.Globalization;
using System.Text.Json.Serialization;
using Retention.Domain.Clearing;
using Retention.Domain.Json;
using Retention.Kernel;

namespace Retention.Domain.Agreements;

/// <summary>The grains of one agreement, all in its partition.</summary>
public static class AgreementGrains
{
    public static readonly IGrainKind Agreement = new JsonGrainKind<AgreementState, AgreementFact>(
        "agreement",
        AgreementState.Initial,
        static (state, fact) => state.Evolve(fact),
        AgreementStateJson.Default.AgreementState,
        AgreementFactJson.Default.AgreementFact);

    public static readonly IGrainKind Coupon = new JsonGrainKind<JointCouponState, JointCouponFact>(
        "joint-coupon",
        JointCouponState.Initial,
        static (state, fact) => state.Evolve(fact),
        AgreementStateJson.Default.JointCouponState,
        AgreementFactJson.Default.JointCouponFact);

    public static readonly IGrainKind Use = new JsonGrainKind<JointUseState, JointUseFact>(
        "joint-use",
        JointUseState.Initial,
        static (state, fact) => state.Evolve(fact),
        AgreementStateJson.Default.JointUseState,
        AgreementFactJson.Default.JointUseFact);

    public static readonly IGrainKind Account = new JsonGrainKind<AccountState, AccountFact>(
        "account",
        AccountState.Initial,
        static (state, fact) => state.Evolve(fact),
        AgreementStateJson.Default.AccountState,
        AgreementFactJson.Default.AccountFact,
        AccountDue.Remind,
        AccountState.Format);

    public static readonly IGrainKind Mark = new JsonGrainKind<AccountMark, AccountMarkFact>(
        "account-mark",
        AccountMark.Initial,
        AccountMark.Evolve,
        AgreementStateJson.Default.AccountMark,
        AgreementFactJson.Default.AccountMarkFact);

    public static GrainId AgreementId(string agreementId) => Of(agreementId, "agreement", agreementId);

    public static GrainId CouponId(string agreementId, string code) => Of(agreementId, "joint-coupon", code);

    public static GrainId UseId(string agreementId, string legId, string pseudonym) =>
        Of(agreementId, "joint-use", legId + "|" + pseudonym);

    public static GrainId AccountId(string agreementId) => Of(agreementId, "account", agreementId);

    /// <summary>How the discount of a redemption lies on the lines of its basket: as of a chain's own coupons.</summary>
    public static GrainId RedemptionId(string agreementId, string redemptionId) =>
        Of(agreementId, "coupon-redemption", redemptionId);

    /// <param name="ordinal">1, 2, 3, ...: after so many times <see cref="AccountMark.Every"/> facts of the account.</param>
    public static GrainId MarkId(string agreementId, long ordinal) =>
        Of(agreementId, "account-mark", ordinal.ToString(CultureInfo.InvariantCulture));

    private static GrainId Of(string agreementId, string kind, string key) =>
        new(PartitionId.Agreement(agreementId), kind, key);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    Converters = [typeof(InstantJson), typeof(LocalDateJson)])]
[JsonSerializable(typeof(AgreementFact))]
[JsonSerializable(typeof(JointCouponFact))]
[JsonSerializable(typeof(JointUseFact))]
[JsonSerializable(typeof(AccountFact))]
[JsonSerializable(typeof(AccountMarkFact))]
internal sealed partial class AgreementFactJson : JsonSerializerContext;

// States are written whole: what is left out would come back as null, not as the initial value.
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    IgnoreReadOnlyProperties = true,
    Converters = [typeof(InstantJson), typeof(LocalDateJson)])]
[JsonSerializable(typeof(AgreementState))]
[JsonSerializable(typeof(JointCouponState))]
[JsonSerializable(typeof(JointUseState))]
[JsonSerializable(typeof(AccountState))]
[JsonSerializable(typeof(AccountMark))]
internal sealed partial class AgreementStateJson : JsonSerializerContext;
