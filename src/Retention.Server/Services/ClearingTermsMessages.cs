using System.Collections.Immutable;
using NodaTime.Text;
using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Kernel;
using Retention.Server.Rpc;

namespace Retention.Server.Services;

/// <summary>Fees, tax, credit and caps of an agreement between the wire and the domain.</summary>
internal static class ClearingTermsMessages
{
    private const int FeesMax = 3;

    public static ImmutableArray<FeeTerms>? Fees(V1.AgreementTerms terms, string currency)
    {
        if (terms.Fees.Count == 0) return null;
        return
        [
            .. RequestField.AtMost(terms.Fees, "terms.fees", FeesMax).Select(fee => new FeeTerms(
                fee.Trigger is V1.FeeTrigger.Issue or V1.FeeTrigger.Redemption or V1.FeeTrigger.Period
                    ? (FeeTrigger)fee.Trigger
                    : throw RequestField.Invalid("terms.fees.trigger", "known"),
                fee.Payer is V1.LegRole.Issuing or V1.LegRole.Redeeming
                    ? fee.Payer == V1.LegRole.Issuing
                    : throw RequestField.Invalid("terms.fees.payer", "known"),
                fee.Amount is null ? 0 : RequestField.Money(fee.Amount, "terms.fees.amount", currency).MinorUnits,
                fee.ShareBps)),
        ];
    }

    public static IEnumerable<V1.Fee> Fees(AgreementTerms terms) => (terms.Fees ?? []).Select(fee => new V1.Fee
    {
        Trigger = (V1.FeeTrigger)fee.Trigger,
        Payer = fee.IssuerPays ? V1.LegRole.Issuing : V1.LegRole.Redeeming,
        Amount = fee.AmountMinorUnits == 0 ? null : new Money(terms.Currency, fee.AmountMinorUnits).ToProto(),
        ShareBps = fee.Bps,
    });

    public static TaxTerms? Tax(V1.AgreementTerms terms, Party issuing, Party redeeming)
    {
        if (terms.Tax is not { } tax) return null;
        if (!Enum.IsDefined(tax.Treatment)) throw RequestField.Invalid("terms.tax.treatment", "known");
        var invoices = tax.InvoiceIssuer.Length > 0
            && IsFirst(tax.InvoiceIssuer, tax.InvoiceIssuerTenantId, issuing, redeeming, "terms.tax.invoice_issuer");
        return new TaxTerms(
            tax.Treatment switch
            {
                V1.TaxTreatment.Exclusive => TaxTreatment.Exclusive,
                V1.TaxTreatment.Inclusive => TaxTreatment.Inclusive,
                _ => TaxTreatment.None,
            },
            tax.RateBps,
            invoices);
    }

    public static V1.TaxTerms? Tax(AgreementState state, AgreementTerms terms)
    {
        if (terms.Tax is not { } tax) return null;
        var issuer = state.PartyOf(tax.FirstInvoices ? Side.First : Side.Second);
        return new V1.TaxTerms
        {
            Treatment = tax.Treatment switch
            {
                TaxTreatment.Exclusive => V1.TaxTreatment.Exclusive,
                TaxTreatment.Inclusive => V1.TaxTreatment.Inclusive,
                _ => V1.TaxTreatment.None,
            },
            RateBps = tax.RateBps,
            InvoiceIssuer = issuer.BrandId,
            InvoiceIssuerTenantId = issuer.TenantId,
        };
    }

    public static CreditTerms? Credit(V1.AgreementTerms terms, string currency)
    {
        if (terms.CreditLimit is not { } credit) return terms.Prepaid ? new CreditTerms(0, 0) : null;
        var limit = credit.Limit is null
            ? 0
            : RequestField.Money(credit.Limit, "terms.credit_limit.limit", currency).MinorUnits;
        return terms.Prepaid && limit > 0
            ? throw RequestField.Invalid("terms.credit_limit.limit", "0_where_prepaid")
            : new CreditTerms(limit, credit.AlertBps);
    }

    public static V1.CreditTerms? Credit(AgreementTerms terms) => terms.Credit is not { } credit
        ? null
        : new V1.CreditTerms
        {
            Limit = new Money(terms.Currency, credit.LimitMinorUnits).ToProto(), AlertBps = credit.AlertFrom(),
        };

    public static CapTerms? Caps(V1.AgreementTerms terms, Party issuing, Party redeeming, string currency)
    {
        if (terms.Caps is not { } caps) return null;
        var (first, second) = (0L, 0L);
        foreach (var cap in RequestField.AtMost(caps.Funding, "terms.caps.funding", 2))
        {
            var amount = RequestField.PositiveLong(
                RequestField.Money(cap.Amount, "terms.caps.funding.amount", currency).MinorUnits, "terms.caps.funding.amount");
            var isFirst = IsFirst(cap.Brand, cap.TenantId, issuing, redeeming, "terms.caps.funding.brand");
            if ((isFirst ? first : second) > 0) throw RequestField.Invalid("terms.caps.funding.brand", "at_most_once");
            if (isFirst) first = amount;
            else second = amount;
        }

        return new CapTerms(first, second, caps.MaxOpenPerPerson, caps.MaxIssuedPerPersonMonth, caps.ChainDepth);
    }

    public static V1.JointCaps? Caps(AgreementState state, AgreementTerms terms)
    {
        if (terms.Caps is not { } caps) return null;
        var told = new V1.JointCaps
        {
            MaxOpenPerPerson = caps.MaxOpenPerPerson,
            MaxIssuedPerPersonMonth = caps.MaxIssuedPerPersonMonth,
            ChainDepth = terms.ChainDepth(),
        };
        foreach (var side in (Side[])[Side.First, Side.Second])
        {
            if (caps.FundedPerPeriod(side) == 0) continue;
            told.Funding.Add(new V1.FundingCap
            {
                Brand = state.PartyOf(side).BrandId,
                TenantId = state.PartyOf(side).TenantId,
                Amount = new Money(terms.Currency, caps.FundedPerPeriod(side)).ToProto(),
            });
        }

        return told;
    }

    /// <summary>Null where the terms set no limit, or the brand issues in no leg.</summary>
    public static V1.CreditPosition? CreditOf(this AccountView view, Side side)
    {
        var terms = view.Agreement.Agreed;
        if (terms.Credit is not { } credit || view.Agreement.Legs().All(leg => leg.Issuer != side)) return null;

        var exposure = view.Account.ExposureOf(side);
        return new V1.CreditPosition
        {
            Reserved = view.Amount(view.Account.LegOf(side == Side.First ? Leg.First : Leg.Second).Reserved),
            Exposure = view.Amount(exposure),
            Available = view.Amount(credit.LimitMinorUnits - exposure),
            IsAlerting = view.Account.IsAlerting(side, credit),
        };
    }

    public static V1.Settlement ToProto(this OpenSettlement settlement, AgreementState agreement, bool isConfirmed) => new()
    {
        SettlementId = settlement.SettlementId,
        Payer = agreement.PartyOf(settlement.Payer).ToProto(),
        Amount = new Money(agreement.Agreed.Currency, settlement.AmountMinorUnits).ToProto(),
        ValueDate = LocalDatePattern.Iso.Format(settlement.ValueOn),
        BankReference = settlement.Reference,
        RecordTime = settlement.RecordedAt.ToProto(),
        IsConfirmed = isConfirmed,
    };

    public static V1.Dispute ToProto(
        this ContestedEntry dispute, AgreementState agreement, DisputeOutcome? outcome, long accepted = 0) => new()
        {
            DisputeId = dispute.DisputeId,
            EntryNumber = dispute.Number,
            RedemptionId = dispute.Redemption,
            OpenedBy = agreement.PartyOf(dispute.By).ToProto(),
            Amount = new Money(agreement.Agreed.Currency, Math.Abs(dispute.FirstMinorUnits)).ToProto(),
            Reason = dispute.Reason,
            OpenTime = dispute.OpenedAt.ToProto(),
            AnswerByTime = dispute.AnswerBy.ToProto(),
            Outcome = (V1.DisputeOutcome)(outcome ?? 0),
            Accepted = outcome == DisputeOutcome.Accepted ? new Money(agreement.Agreed.Currency, accepted).ToProto() : null,
        };

    internal static bool IsFirst(string brand, string tenantId, Party issuing, Party redeeming, string field)
    {
        var (isFirst, isSecond) = (Is(issuing), Is(redeeming));
        return isFirst == isSecond ? throw RequestField.Invalid(field, "one_brand_of_the_agreement") : isFirst;

        bool Is(Party party) => party.BrandId == brand && (tenantId.Length == 0 || party.TenantId == tenantId);
    }
}
