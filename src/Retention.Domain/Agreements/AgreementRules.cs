using NodaTime;
using Retention.Domain.Clearing;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Agreements;

/// <summary>What makes terms sound.</summary>
public static class AgreementRules
{
    public static Refusal? Fault(ProposeAgreement command)
    {
        var terms = command.Terms;
        if (command.First == command.Second) return Invalid("redeeming", "another_brand_than_issuing");
        if (FxTerms.Fault(terms) is { } unsound) return unsound;
        if (terms.MinimumBasketMinorUnits < 0) return Invalid("terms.trigger.minimum_basket", "not_negative");
        if (terms.Categories.Length > AgreementTerms.CategoriesMax)
        {
            return Invalid("terms.trigger.categories", "at_most_100");
        }

        if (terms.DaysValid is < 0 or > AgreementTerms.DaysValidMax)
        {
            return Invalid("terms.trigger.days_valid", "0_to_366");
        }

        if (terms.MaxOpenPerCustomer is < 0 or > AgreementTerms.OpenMax)
        {
            return Invalid("terms.trigger.max_open_per_customer", "0_to_50");
        }

        if (terms.MaxIssuedPerCustomerMonth < 0)
        {
            return Invalid("terms.trigger.max_issued_per_customer_month", "not_negative");
        }

        if (terms.IssuerShareBps is < 0 or > AgreementTerms.WholeBps) return Because(RefusalReason.FundingNotWhole);
        if (DateTimeZoneProviders.Tzdb.GetZoneOrNull(terms.TimeZone) is null)
        {
            return Invalid("terms.period_time_zone", "known_iana_time_zone");
        }

        if (terms.ConfirmWithinSeconds is < 0 or > AgreementTerms.ConfirmWithinSecondsMax)
        {
            return Invalid("terms.confirm_within", "0_to_90_days");
        }

        if (Fault(terms) is { } fault) return fault;
        if (terms.ClawBackDays < 0) return Invalid("terms.claw_back_days", "not_negative");
        return terms.SuppressUnder < 0 ? Invalid("terms.suppress_counts_under", "not_negative") : null;
    }

    private static Refusal? Fault(AgreementTerms terms)
    {
        var fees = terms.Fees ?? [];
        foreach (var fee in fees)
        {
            if (fees.Count(other => other.Trigger == fee.Trigger) > 1)
            {
                return Invalid("terms.fees.trigger", "one_fee_for_each_trigger");
            }

            if (fee.Bps is < 0 or > FeeTerms.BpsMax) return Invalid("terms.fees.share_bps", "0_to_10000");
            if (fee.AmountMinorUnits < 0 || fee.AmountMinorUnits > 0 == fee.Bps > 0)
            {
                return Invalid("terms.fees", "either_amount_or_share");
            }

            if (fee is { Trigger: FeeTrigger.Period, Bps: > 0 }) return Invalid("terms.fees.share_bps", "an_amount_per_period");
        }

        if (terms.Tax is { RateBps: < 0 or > TaxTerms.RateBpsMax }) return Invalid("terms.tax.rate_bps", "0_to_10000");
        if (terms.Credit is { LimitMinorUnits: < 0 }) return Invalid("terms.credit_limit.limit", "not_negative");
        if (terms.Credit is { AlertBps: < 0 or > AgreementTerms.WholeBps })
        {
            return Invalid("terms.credit_limit.alert_bps", "0_to_10000");
        }

        foreach (var (days, field) in (IEnumerable<(int, string)>)
        [
            (terms.ClawBackDaysAfterEnd, "terms.claw_back_days_after_end"),
            (terms.DueDays, "terms.due_days"),
            (terms.DisputeDays, "terms.dispute_days"),
            (terms.DisputeAnswerDays, "terms.dispute_answer_days"),
        ])
        {
            if (days is < 0 or > AgreementTerms.DaysMax) return Invalid(field, "0_to_366");
        }

        if (terms.Offline is { } offline && !offline.IsSound())
        {
            return Invalid("terms.offline", "ceiling_not_negative_and_max_delay_up_to_30_days");
        }

        if (terms.Caps is not { } caps) return null;
        if (caps.FirstFundedPerPeriod < 0 || caps.SecondFundedPerPeriod < 0)
        {
            return Invalid("terms.caps.funding.amount", "not_negative");
        }

        if (caps.MaxOpenPerPerson is < 0 or > 2 * AgreementTerms.OpenMax)
        {
            return Invalid("terms.caps.max_open_per_person", "0_to_100");
        }

        if (caps.MaxIssuedPerPersonMonth < 0) return Invalid("terms.caps.max_issued_per_person_month", "not_negative");
        return caps.ChainDepth is < 0 or > CapTerms.ChainDepthMax ? Invalid("terms.caps.chain_depth", "0_to_10") : null;
    }

    public static Refusal Invalid(string field, string rule) =>
        Because(RefusalReason.FieldInvalid, ("field", field), ("rule", rule));
}
