using Retention.Domain.Clearing;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Agreements;

/// <summary>New versions of an agreement's terms. Coupons settle under the version of their issue.</summary>
public static class AmendmentTurns
{
    /// <summary>So many versions of one agreement may come into force.</summary>
    public const int VersionsMax = 100;

    /// <summary>
    /// Proposes other terms; the proposing side accepts them thereby. What was proposed before and is not in force is
    /// replaced by them.
    /// </summary>
    public static Decision Amend(ITurn turn, Asker asker, string agreementId, AgreementTerms terms)
    {
        var (grain, state, sides) = AgreementTurns.Seen(turn, asker, agreementId);
        if (!turn.IsComplete) return Decision.Silent();
        if (sides.Count == 0) return AgreementTurns.Unknown(agreementId);
        if ((AgreementRules.Fault(Proposal(state, terms)) ?? AgreementClosing.Fault(terms)) is { } fault) return fault;
        if (state.IsEnded) return Because(RefusalReason.AgreementEnded);
        if (Unamendable(state.Agreed, terms) is { } unamendable) return unamendable;
        if (AgreementTurns.CurrencyFault(terms, sides, asker) is { } mismatch) return mismatch;

        if (state.Earlier.Length + 1 >= VersionsMax)
        {
            return Because(RefusalReason.LimitTooMany, ("limit", "terms_versions"), ("maximum", VersionsMax));
        }

        var (at, version) = (AgreementTurns.Now(state, asker), Math.Max(state.TermsVersion, state.ProposedVersion) + 1);
        var facts = new List<AgreementFact> { new AgreementAmended(sides[0], terms, version) { At = at } };
        facts.AddRange(sides.Select(side => new AgreementAccepted(side, version) { At = at }));
        return AgreementTurns.Decided(turn, grain, state, facts, asker);
    }

    // Amounts of an account are of one currency, each side's tills of theirs, and its months of one zone.
    private static Refusal? Unamendable(AgreementTerms agreed, AgreementTerms terms)
    {
        if (terms.Currency != agreed.Currency) return Fixed("terms.currency_code", agreed.Currency);
        if (terms.Fx?.Currency != agreed.Fx?.Currency || terms.Fx?.Side != agreed.Fx?.Side)
        {
            return Fixed("terms.fx.currency_code", agreed.Fx?.Currency ?? "");
        }

        return terms.TimeZone == agreed.TimeZone ? null : Fixed("terms.period_time_zone", agreed.TimeZone);
    }

    private static Refusal Fixed(string field, string value) =>
        Because(RefusalReason.TermsNotAmendable, ("field", field), ("value", value));

    private static ProposeAgreement Proposal(AgreementState state, AgreementTerms terms) =>
        new(state.AgreementId, state.First, state.Second, terms, "", "", "");
}
