using NodaTime;
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
        if (terms.DiscountMinorUnits <= 0) return Invalid("terms.offer.amount_off", "positive");
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

        if (terms.ClawBackDays < 0) return Invalid("terms.claw_back_days", "not_negative");
        return terms.SuppressUnder < 0 ? Invalid("terms.suppress_counts_under", "not_negative") : null;
    }

    public static Refusal Invalid(string field, string rule) =>
        Because(RefusalReason.FieldInvalid, ("field", field), ("rule", rule));
}
