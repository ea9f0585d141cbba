using System.Collections.Frozen;
using System.Text.Json;
using NodaTime.Text;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Domain.Coupons;
using Retention.Kernel;
using Retention.Server.Rpc;
using Duration = Google.Protobuf.WellKnownTypes.Duration;

namespace Retention.Server.Services;

/// <summary>Agreements and their books between the wire and the domain.</summary>
internal static class AgreementMessages
{
    private const int CategoryMax = 64;

    // CLEARING_KIND_X of the protos is the kind X of a line.
    private static readonly FrozenDictionary<string, V1.ClearingKind> Kinds = V1.AgreementServiceReflection.Descriptor
        .EnumTypes.Single(type => type.Name == nameof(V1.ClearingKind)).Values
        .ToFrozenDictionary(value => value.Name["CLEARING_KIND_".Length..], value => (V1.ClearingKind)value.Number);

    public static Party ToDomain(this V1.AgreementParty? party, string field) => party is null
        ? throw RequestField.Invalid(field, "required")
        : new Party(
            RequestField.Id(party.TenantId, field + ".tenant_id"), RequestField.Id(party.BrandId, field + ".brand_id"));

    /// <param name="zone">The proposer's, where the terms name none.</param>
    public static AgreementTerms ToDomain(this V1.AgreementTerms? terms, Party issuing, Party redeeming, string zone)
    {
        if (terms is null) throw RequestField.Invalid("terms", "required");
        if (terms.Offer is null) throw RequestField.Invalid("terms.offer", "required");
        if (terms.Trigger is null) throw RequestField.Invalid("terms.trigger", "required");
        if (!Enum.IsDefined(terms.Settle)) throw RequestField.Invalid("terms.settle", "known");

        var currency = RequestField.Currency(terms.CurrencyCode, "terms.currency_code");
        var (share, issuerRounds) = FundingOf(terms, issuing, redeeming);
        return new AgreementTerms(
            terms.Offer.AmountOff is null && terms.Fx is not null
                ? 0
                : RequestField.Money(terms.Offer.AmountOff, "terms.offer.amount_off", currency).MinorUnits,
            currency,
            terms.Trigger.MinimumBasket is { } minimum
                ? RequestField.Money(minimum, "terms.trigger.minimum_basket", currency).MinorUnits
                : 0,
            [.. terms.Trigger.Categories.Select(text => RequestField.Text(text, "terms.trigger.categories", CategoryMax))],
            terms.Trigger.DaysValid,
            terms.Trigger.MaxOpenPerCustomer,
            terms.Trigger.MaxIssuedPerCustomerMonth,
            share,
            issuerRounds,
            terms.PeriodTimeZone.Length > 0 ? RequestField.TimeZone(terms.PeriodTimeZone, "terms.period_time_zone") : zone,
            terms.TriggerReturnLoss == V1.TriggerReturnLoss.Mirror,
            terms.ClawBackDays,
            terms.ReversedCouponStaysUsed,
            terms.Mirrored,
            terms.SuppressCountsUnder)
        {
            SettlesAtSale = terms.Settle != V1.Settle.AtRedeem,
            NoticeDays = terms.NoticeDays,
            Offline = terms.Offline.ToDomain(currency),
            ConfirmWithinSeconds = RequestField.WholeSeconds(terms.ConfirmWithin, "terms.confirm_within"),
            Fees = ClearingTermsMessages.Fees(terms, currency),
            Tax = ClearingTermsMessages.Tax(terms, issuing, redeeming),
            Credit = ClearingTermsMessages.Credit(terms, currency),
            Caps = ClearingTermsMessages.Caps(terms, issuing, redeeming, currency),
            Fx = FxMessages.ToDomain(terms.Fx, issuing, redeeming),
            ClawBackDaysAfterEnd = terms.ClawBackDaysAfterEnd,
            DueDays = terms.DueDays,
            DisputeDays = terms.DisputeDays,
            DisputeAnswerDays = terms.DisputeAnswerDays,
        };
    }

    public static V1.Agreement ToProto(this AgreementView view)
    {
        var agreement = view.State.ToProto();
        agreement.Status = (V1.AgreementStatus)view.Status;
        agreement.EndTime = view.State.EndAt?.ToProto();
        agreement.CloseTime = view.ClosesAt?.ToProto();
        return agreement;
    }

    private static V1.Agreement ToProto(this AgreementState state) => new()
    {
        AgreementId = state.AgreementId,
        Issuing = state.First.ToProto(),
        Redeeming = state.Second.ToProto(),
        Terms = TermsOf(state, state.Agreed),
        TermsVersion = state.TermsVersion,
        AcceptedBy = { Parties(state, state.FirstAccepted >= state.TermsVersion, state.SecondAccepted >= state.TermsVersion) },
        PausedBy = { Parties(state, state.FirstPaused, state.SecondPaused) },
        CodePrefix = CouponCode.Prefix(state.AgreementId),
        ProposedTerms = state.ProposedTerms is { } proposed ? TermsOf(state, proposed) : null,
        ProposedTermsVersion = state.ProposedVersion,
        ProposedAcceptedBy =
        {
            state.ProposedTerms is null
                ? []
                : Parties(state, state.FirstAccepted >= state.ProposedVersion, state.SecondAccepted >= state.ProposedVersion),
        },
    };

    public static V1.BrandPosition Position(this AccountView view, Side side) => new()
    {
        Brand = view.Agreement.PartyOf(side).BrandId,
        TenantId = view.Agreement.PartyOf(side).TenantId,
        Net = view.Amount(side == Side.First ? view.Account.FirstNet : view.Account.SecondNet),
        Provisional = view.Amount(side == Side.First ? view.Account.FirstProvisional : view.Account.SecondProvisional),
        Credit = view.CreditOf(side),
        Disputed = view.Amount(-view.Account.DisputedOf(side)),
        Counter = view.CounterAmount(side == Side.First ? view.Account.FirstCounter : view.Account.SecondCounter),
        CounterProvisional = view.CounterAmount(
            side == Side.First ? view.Account.FirstCounterProvisional : view.Account.SecondCounterProvisional),
    };

    /// <param name="counter">The counter currency; null: the account has none.</param>
    public static V1.ClearingEntry ToProto(
        this ClearingLine line, Party first, Party second, long position, string? counter) => new()
        {
            Number = line.Number,
            EntryTime = line.At.ToProto(),
            Kind = line.KindOf(),
            LegId = line.LegId,
            CouponId = line.CouponId,
            RedemptionId = line.Redemption,
            TermsVersion = line.TermsVersion,
            Postings =
        {
            PostingOf(first, line.Currency, line.FirstCredit),
            PostingOf(second, line.Currency, line.SecondCredit),
        },
            Provisional =
        {
            Postings(line.FirstProvisional is not 0 and var waiting ? waiting : null, first, second, line.Currency),
        },
            Counter = { Postings(line.Rate is null ? null : line.FirstCounter, first, second, counter) },
            CounterProvisional =
        {
            Postings(line.FirstCounterProvisional is not 0 and var later ? later : null, first, second, counter),
        },
            Rate = line.Rate?.ToProto(),
            Line = line.ToString(),
            Position = position,
            EntityId = line.EntityId,
            Details = { line.Details.Select(detail => new V1.ClearingDetail { Name = detail.Name, Value = detail.Value }) },
            Day = LocalDatePattern.Iso.Format(line.Day),
        };

    /// <summary>The names of lines are those of the enumeration, without its prefix.</summary>
    public static V1.ClearingKind KindOf(this ClearingLine line) => Kinds[line.Kind];

    public static V1.GetStatementResponse ToProto(this StatementView statement)
    {
        var (view, period, isClosed, isFinal) = statement;
        var isFirst = view.Eyes == Side.First;
        var (issued, expired) = isFirst
            ? (period.FirstIssued, period.FirstExpired)
            : (period.SecondIssued, period.SecondExpired);
        return new V1.GetStatementResponse
        {
            Period = $"{period.StartsOn:uuuu-MM}",
            Brand = view.Agreement.PartyOf(view.Eyes).BrandId,
            TenantId = view.Agreement.PartyOf(view.Eyes).TenantId,
            Opening = Seen(period.Opening),
            Issued = view.Amount(issued.MinorUnits),
            Redeemed = Seen(period.Redeemed),
            Reversed = Seen(period.Reversed),
            Expired = view.Amount(expired.MinorUnits),
            Fees = Seen(period.Fees),
            Tax = Seen(period.Tax),
            Paid = Seen(period.Paid),
            Net = Seen(period.Net),
            Closing = Seen(period.Closing),
            IssuedCount = issued.Count,
            ExpiredCount = expired.Count,
            LineCount = period.Lines,
            LinesHash = period.LinesHash,
            PreviousHash = period.PreviousHash,
            IsClosed = isClosed,
            IsFinal = isFinal,
            AsOfTime = view.At.ToProto(),
            StatementHash = period.StatementHash(view.Account.AgreementId, view.Account.Currency),
            ByEntity =
            {
                period.Entities.Select(entity => new V1.EntitySubtotal
                {
                    Redeeming = view.Agreement.PartyOf(entity.Redeemer).ToProto(),
                    EntityId = entity.EntityId,
                    Redeemed = Seen(entity.Redeemed),
                    Reversed = Seen(entity.Reversed),
                }),
            },
            TaxIncluded = Seen(period.TaxIncluded),
            Disputed = Seen(-(isClosed ? period.Disputed : view.Account.DisputedOf(Side.First))),
            DueDate = LocalDatePattern.Iso.Format(
                period.StartsOn.PlusMonths(1).PlusDays(view.Agreement.Agreed.DueDays - 1)),
            InvoiceIssuer = view.Agreement.Agreed.Tax is { } tax
                ? view.Agreement.PartyOf(tax.FirstInvoices ? Side.First : Side.Second).BrandId
                : "",
            Provisional = Seen(isClosed ? period.Provisional : view.Account.FirstProvisional),
            Counter = view.CounterAmount(isFirst ? period.FirstCounter : -period.FirstCounter),
        };

        V1.Money Seen(long firstsEyes) => view.Amount(isFirst ? firstsEyes : -firstsEyes);
    }

    public static V1.JointLegReport ToProto(this LegView seen, AccountView view)
    {
        var report = new V1.JointLegReport
        {
            LegId = seen.Leg.LegId,
            Issuing = seen.Leg.Issuing.ToProto(),
            Redeeming = seen.Leg.Redeeming.ToProto(),
            Consumed = seen.Counts.Consumed,
            ClawedBack = seen.Counts.ClawedBack,
            Net = view.Amount(seen.Counts.Net),
            IsHidden = seen.IsHidden,
        };
        if (seen.IsHidden) return report;

        report.Issued = seen.Counts.Issued;
        report.Expired = seen.Counts.Expired;
        report.Open = seen.Counts.Open;
        report.Voided = seen.Counts.Voided;
        report.SuppressedIssues = seen.Counts.Suppressed;
        report.SuppressedBy.AddRange(seen.Counts.SuppressedBy.Select(by => new V1.SuppressedIssues
        {
            Reason = JsonNamingPolicy.SnakeCaseUpper.ConvertName(by.Reason.ToString()), Count = by.Count,
        }));
        return report;
    }

    internal static V1.Money Amount(this AccountView view, long minorUnits) =>
        new Money(view.Account.Currency, minorUnits).ToProto();

    internal static V1.AgreementParty ToProto(this Party party) =>
        new() { TenantId = party.TenantId, BrandId = party.BrandId };

    private static IEnumerable<V1.AgreementParty> Parties(AgreementState state, bool first, bool second)
    {
        if (first) yield return state.First.ToProto();
        if (second) yield return state.Second.ToProto();
    }

    private static V1.ClearingPosting PostingOf(Party party, string currency, long credit) => new()
    {
        Brand = party.BrandId,
        TenantId = party.TenantId,
        Amount = new Money(currency, credit).ToProto(),
    };

    private static IEnumerable<V1.ClearingPosting> Postings(long? firstCredit, Party first, Party second, string? currency) =>
        firstCredit is not { } credit || currency is null
            ? []
            : [PostingOf(first, currency, credit), PostingOf(second, currency, -credit)];

    // Shares that do not add up are the domain's to refuse: it is told an impossible share.
    private static (int IssuerShareBps, bool IssuerRounds) FundingOf(
        V1.AgreementTerms terms, Party issuing, Party redeeming)
    {
        RequestField.AtMost(terms.Funding, "terms.funding", 2);
        var (issuer, redeemer, issuerRounds, roundingParties) = (0, 0, false, 0);
        foreach (var part in terms.Funding)
        {
            var share = RequestField.Between(part.ShareBps, "terms.funding.share_bps", 0, AgreementTerms.WholeBps);
            var isIssuer = IsOf(part, issuing);
            if (isIssuer == IsOf(part, redeeming)) throw RequestField.Invalid("terms.funding.brand", "one_brand_of_the_agreement");
            if (isIssuer) issuer += share;
            else redeemer += share;
            if (!part.RoundingParty) continue;
            roundingParties++;
            issuerRounds = isIssuer;
        }

        if (roundingParties > 1) throw RequestField.Invalid("terms.funding.rounding_party", "at_most_one");
        return (issuer + redeemer == AgreementTerms.WholeBps ? issuer : -1, issuerRounds);
    }

    private static bool IsOf(V1.Funding part, Party party) =>
        part.Brand == party.BrandId && (part.TenantId.Length == 0 || part.TenantId == party.TenantId);

    private static V1.AgreementTerms TermsOf(AgreementState state, AgreementTerms terms)
    {
        V1.Money Amount(long minorUnits) => new Money(terms.Currency, minorUnits).ToProto();
        return new V1.AgreementTerms
        {
            Offer = new V1.JointOffer { AmountOff = terms.DiscountMinorUnits == 0 ? null : Amount(terms.DiscountMinorUnits) },
            Trigger = new V1.JointTrigger
            {
                MinimumBasket = terms.MinimumBasketMinorUnits == 0 ? null : Amount(terms.MinimumBasketMinorUnits),
                Categories = { terms.Categories },
                DaysValid = terms.DaysValid,
                MaxOpenPerCustomer = terms.MaxOpenPerCustomer,
                MaxIssuedPerCustomerMonth = terms.MaxIssuedPerCustomerMonth,
            },
            Funding =
            {
                FundingOf(state.First, terms.IssuerShareBps, terms.IssuerRounds),
                FundingOf(state.Second, AgreementTerms.WholeBps - terms.IssuerShareBps, !terms.IssuerRounds),
            },
            CurrencyCode = terms.Currency,
            StatementPeriod = V1.StatementPeriod.Month,
            PeriodTimeZone = terms.TimeZone,
            Settle = terms.SettlesAtSale ? V1.Settle.AtSale : V1.Settle.AtRedeem,
            NoticeDays = terms.NoticeDays,
            Offline = terms.Offline.ToProto(terms.Currency),
            ConfirmWithin = terms.SettlesAtSale ? new Duration { Seconds = terms.ConfirmSeconds() } : null,
            TriggerReturnLoss = terms.MirrorsReturns ? V1.TriggerReturnLoss.Mirror : V1.TriggerReturnLoss.IssuerBears,
            ClawBackDays = terms.ClawBackDays,
            ClawBackDaysAfterEnd = terms.ClawBackDaysAfterEnd,
            Mirrored = terms.IsMirrored,
            ReversedCouponStaysUsed = terms.ReversedStaysUsed,
            SuppressCountsUnder = terms.SuppressUnder,
            Fees = { ClearingTermsMessages.Fees(terms) },
            Tax = ClearingTermsMessages.Tax(state, terms),
            CreditLimit = ClearingTermsMessages.Credit(terms),
            Prepaid = terms.Credit?.IsPrepaid() ?? false,
            Caps = ClearingTermsMessages.Caps(state, terms),
            Fx = FxMessages.ToProto(state, terms),
            DueDays = terms.DueDays,
            DisputeDays = terms.DisputeWindow(),
            DisputeAnswerDays = terms.DisputeAnswerWindow(),
        };
    }

    private static V1.Funding FundingOf(Party party, int shareBps, bool rounds) => new()
    {
        Brand = party.BrandId, TenantId = party.TenantId, ShareBps = shareBps, RoundingParty = rounds,
    };
}
