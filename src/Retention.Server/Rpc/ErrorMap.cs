using System.Collections.Frozen;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Retention.Kernel;
using Retention.Rpc;
using Retention.Transport;

namespace Retention.Server.Rpc;

/// <summary>The one map from a refusal to what leaves on the wire: a status code, one ErrorInfo, and when to retry.</summary>
public static class ErrorMap
{
    public const string Domain = "retention";

    private static readonly FrozenDictionary<RefusalReason, string> Names =
        System.Enum.GetValues<RefusalReason>().ToFrozenDictionary(reason => reason, UpperSnake);

    /// <summary>INSUFFICIENT_POINTS for InsufficientPoints: the reason as clients see it.</summary>
    public static string ReasonName(RefusalReason reason) => Names[reason];

    public static RpcFailure ToFailure(Refusal refusal)
    {
        var info = ErrorInfo(refusal.Reason, refusal.Details);
        var failure = RetryDelay(refusal.Reason) is { } delay
            ? Failure(ToStatus(refusal.Reason), Sentence(refusal), info, new RetryInfo { RetryDelay = delay })
            : Failure(ToStatus(refusal.Reason), Sentence(refusal), info);
        return Pushback(refusal.Reason) is { } milliseconds
            ? failure.WithTrailer("grpc-retry-pushback-ms", milliseconds)
            : failure;
    }

    /// <summary>Every reason is named: a new one without a line here fails a test.</summary>
    public static RpcStatus ToStatus(RefusalReason reason) => reason switch
    {
        RefusalReason.FieldInvalid or RefusalReason.CurrencyMismatch or RefusalReason.PointsMustBePositive
            or RefusalReason.ReasonRequired or RefusalReason.FundingNotWhole => RpcStatus.InvalidArgument,

        RefusalReason.TenantNotFound or RefusalReason.BrandNotFound or RefusalReason.StoreNotFound
            or RefusalReason.LegalEntityNotFound or RefusalReason.CredentialNotFound
            or RefusalReason.CustomerNotFound or RefusalReason.PurchaseNotFound or RefusalReason.OfferNotFound
            or RefusalReason.CouponNotFound or RefusalReason.RedemptionNotFound
            or RefusalReason.ReservationNotFound or RefusalReason.CodeSeriesNotFound or RefusalReason.SigningKeyNotFound
            or RefusalReason.AgreementNotFound
            or RefusalReason.LineNotFound or RefusalReason.HoldNotFound or RefusalReason.PeriodNotFound
            or RefusalReason.ClearingEntryNotFound or RefusalReason.SettlementNotFound
            or RefusalReason.DisputeNotFound => RpcStatus.NotFound,

        RefusalReason.TenantExists or RefusalReason.BrandExists or RefusalReason.StoreExists
            or RefusalReason.LegalEntityExists or RefusalReason.CustomerExists or RefusalReason.OfferExists
            or RefusalReason.AgreementExists or RefusalReason.CardInUse or RefusalReason.RequestIdReused
            or RefusalReason.PurchaseIdReused or RefusalReason.ReturnIdReused
            or RefusalReason.OrderIdReused or RefusalReason.DisputeExists
            or RefusalReason.SettlementExists or RefusalReason.RateExists => RpcStatus.AlreadyExists,

        RefusalReason.Overloaded or RefusalReason.StorageFull
            or RefusalReason.TooManyFailures => RpcStatus.ResourceExhausted,

        RefusalReason.CredentialInvalid => RpcStatus.Unauthenticated,

        RefusalReason.RoleNotAllowed => RpcStatus.PermissionDenied,

        RefusalReason.StorageUnavailable or RefusalReason.OutcomeUnknown => RpcStatus.Unavailable,

        RefusalReason.TooManyConflicts or RefusalReason.EtagMismatch => RpcStatus.Aborted,

        RefusalReason.OperationSealed or RefusalReason.CardBlocked or RefusalReason.ClockNotVirtual
            or RefusalReason.ClockBackwards or RefusalReason.LimitTooMany or RefusalReason.InsufficientPoints
            or RefusalReason.ReturnExceedsPurchase or RefusalReason.RedemptionAlreadyReversed
            or RefusalReason.CouponNotInCampaign or RefusalReason.NotTargeted or RefusalReason.BeforeStart
            or RefusalReason.AfterEnd or RefusalReason.AlreadyRedeemed or RefusalReason.ReservedElsewhere
            or RefusalReason.Voided or RefusalReason.OfferPaused or RefusalReason.StoreNotAllowed
            or RefusalReason.ConsentMissing or RefusalReason.RateMissing or RefusalReason.FxNotAgreed or RefusalReason.LimitReached or RefusalReason.ConditionNotMet
            or RefusalReason.BudgetExhausted or RefusalReason.OfferNotDraft or RefusalReason.OfferNotActive
            or RefusalReason.TermsVersionMismatch or RefusalReason.TermsNotAmendable
            or RefusalReason.AgreementNotActive
            or RefusalReason.AgreementNotPaused or RefusalReason.AgreementEnded or RefusalReason.AgreementClosed
            or RefusalReason.PurchaseVoided or RefusalReason.PurchaseReassigned or RefusalReason.PurchaseReturned
            or RefusalReason.TooLate or RefusalReason.LinkTokenInvalid or RefusalReason.CustomerLinked
            or RefusalReason.HoldEnded or RefusalReason.CustomerNotLinked or RefusalReason.OwnCard or RefusalReason.CardVelocity
            or RefusalReason.NotAParty or RefusalReason.DisputeNotAllowed or RefusalReason.SignatureInvalid => RpcStatus.FailedPrecondition,

        _ => throw new InvalidOperationException($"{reason} has no status."),
    };

    /// <summary>Whether a call ended for the reason.</summary>
    public static bool IsBecause(this RpcFailure failure, RefusalReason reason) => failure.Info()?.Reason == Names[reason];

    /// <summary>Null: it ended for no reason of the product.</summary>
    public static ErrorInfo? Info(this RpcFailure failure) =>
        failure.Details?.Details.FirstOrDefault(detail => detail.Is(Retention.Rpc.ErrorInfo.Descriptor))?.Unpack<ErrorInfo>();

    internal static ErrorInfo ErrorInfo(RefusalReason reason, IEnumerable<RefusalDetail> details)
    {
        var info = new ErrorInfo { Reason = Names[reason], Domain = Domain };
        foreach (var (name, value) in details)
        {
            info.Metadata[name] = value;
        }

        return info;
    }

    internal static RpcFailure Failure(RpcStatus code, string message, params ReadOnlySpan<IMessage> details)
    {
        var status = new Status();
        foreach (var detail in details)
        {
            status.Details.Add(Any.Pack(detail));
        }

        return new RpcFailure(code, message, status);
    }

    // A full disk needs a hand; a full queue is short.
    private static Duration? RetryDelay(RefusalReason reason) => reason switch
    {
        RefusalReason.Overloaded => new Duration { Nanos = 200_000_000 },
        RefusalReason.StorageFull => new Duration { Seconds = 30 },
        RefusalReason.TooManyFailures => new Duration { Seconds = 6 },
        RefusalReason.StorageUnavailable or RefusalReason.OutcomeUnknown => new Duration { Seconds = 1 },
        _ => null,
    };

    // A client's retry policy knows codes only: where a code is worth a retry and the reason is not, -1 says so.
    private static string? Pushback(RefusalReason reason) => reason switch
    {
        RefusalReason.Overloaded => "200",
        RefusalReason.StorageUnavailable or RefusalReason.OutcomeUnknown => "1000",
        RefusalReason.StorageFull or RefusalReason.TooManyFailures or RefusalReason.EtagMismatch => "-1",
        _ => null,
    };

    private static string Sentence(Refusal refusal)
    {
        var words = new StringBuilder(Names[refusal.Reason].Replace('_', ' ').ToLowerInvariant());
        if (refusal.Details.IsDefaultOrEmpty) return words.ToString();
        words.Append(" (").AppendJoin(", ", refusal.Details.Select(detail => $"{detail.Name} {detail.Value}"));
        return words.Append(')').ToString();
    }

    private static string UpperSnake(RefusalReason reason)
    {
        var text = new StringBuilder();
        foreach (var letter in reason.ToString())
        {
            if (char.IsAsciiLetterUpper(letter) && text.Length > 0) text.Append('_');
            text.Append(char.ToUpperInvariant(letter));
        }

        return text.ToString();
    }
}
