namespace Retention.Kernel;

/// <summary>
/// Every business "no" of the product. Each has its equal in ErrorReason of the protos
/// (PascalCase here, UPPER_SNAKE there); a test keeps the two lists the same.
/// </summary>
public enum RefusalReason
{
    Unspecified = 0,

    // Engine.
    RequestIdReused,
    OperationSealed,
    Overloaded,
    StorageFull,
    StorageUnavailable,
    OutcomeUnknown,
    TooManyConflicts,

    // Callers.
    CredentialInvalid,
    RoleNotAllowed,
    TooManyFailures,

    // Arguments that only a grain can judge.
    FieldInvalid,
    CurrencyMismatch,

    // Existence. Another tenant's ids answer exactly as unknown ids do.
    TenantNotFound,
    TenantExists,
    BrandNotFound,
    BrandExists,
    StoreNotFound,
    StoreExists,
    LegalEntityNotFound,
    LegalEntityExists,
    CredentialNotFound,
    CustomerNotFound,
    CustomerExists,
    CardInUse,
    CardBlocked,
    PurchaseNotFound,
    PurchaseIdReused,
    ReturnIdReused,
    OrderIdReused,
    OfferNotFound,
    OfferExists,
    CouponNotFound,
    RedemptionNotFound,
    AgreementNotFound,
    AgreementExists,

    // Program and clock.
    EtagMismatch,
    ClockNotVirtual,
    ClockBackwards,
    LimitTooMany,

    // Points.
    InsufficientPoints,
    PointsMustBePositive,
    ReturnExceedsPurchase,
    LineNotFound,
    RedemptionAlreadyReversed,
    ReasonRequired,

    // Corrections of sales.
    PurchaseVoided,
    PurchaseReassigned,
    PurchaseReturned,
    TooLate,

    // Points set aside.
    HoldNotFound,
    HoldEnded,

    // Tills.
    OwnCard,
    CardVelocity,

    // Links between brands.
    LinkTokenInvalid,
    CustomerLinked,
    CustomerNotLinked,

    // Coupons, in the order in which redemption answers.
    CouponNotInCampaign,
    NotTargeted,
    BeforeStart,
    AfterEnd,
    AlreadyRedeemed,
    ReservedElsewhere,
    Voided,
    OfferPaused,
    StoreNotAllowed,
    ConsentMissing,
    RateMissing,
    LimitReached,
    ConditionNotMet,
    BudgetExhausted,
    ReservationNotFound,
    CodeSeriesNotFound,
    SignatureInvalid,
    SigningKeyNotFound,

    // Offers and agreements.
    OfferNotDraft,
    OfferNotActive,
    TermsVersionMismatch,
    TermsNotAmendable,
    AgreementNotActive,
    AgreementNotPaused,
    AgreementEnded,
    AgreementClosed,
    NotAParty,
    FundingNotWhole,
    PeriodNotFound,
    ClearingEntryNotFound,
    SettlementNotFound,
    DisputeNotFound,
    DisputeExists,
    SettlementExists,
    DisputeNotAllowed,
    RateExists,
    FxNotAgreed,
}
