using NodaTime;
using Retention.Domain.Clearing;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Agreements;

/// <summary>
/// Turns over an agreement itself. Whoever is no party is answered as if it did not exist. A turn happens at the
/// asking tenant's time, never before the last turn of the agreement.
/// </summary>
public static class AgreementTurns
{
    private const int FirstTermsVersion = 1;

    /// <summary>The proposing tenant accepts by proposing. Both sides then hear of the agreement.</summary>
    public static Decision Propose(ITurn turn, Asker asker, ProposeAgreement command)
    {
        var grain = AgreementGrains.AgreementId(command.AgreementId);
        var state = turn.State<AgreementState>(grain);
        if (!turn.IsComplete) return Decision.Silent();

        if ((AgreementRules.Fault(command) ?? AgreementClosing.Fault(command.Terms)) is { } fault) return fault;
        if (command.First.TenantId != asker.TenantId && command.Second.TenantId != asker.TenantId)
        {
            return Because(RefusalReason.NotAParty);
        }

        if (CurrencyFault(command.Terms, AgreementState.SidesOf(command.First, command.Second, asker.TenantId), asker) is { } mismatch)
        {
            return mismatch;
        }

        if (state.Exists) return Because(RefusalReason.AgreementExists, ("agreement_id", command.AgreementId));

        var facts = new List<AgreementFact>
        {
            new AgreementProposed(
                command.AgreementId,
                command.First,
                command.Second,
                command.Terms,
                FirstTermsVersion,
                command.CodeKey,
                command.FirstPseudonymKey,
                command.SecondPseudonymKey,
                asker.IsSandbox) { At = asker.Now },
        };
        var proposed = state.Evolve(facts[0]);
        foreach (var side in proposed.SidesOf(asker.TenantId))
        {
            facts.Add(new AgreementAccepted(side, FirstTermsVersion) { At = asker.Now });
        }

        // A tenant takes news of legs only of agreements that it knows.
        var known = AgreementNews.Known(Decision.Silent(), proposed, asker.Now, asker.TenantId);
        return Decided(null, grain, state, facts, asker, known).Change(
            AgreementGrains.AccountId(command.AgreementId),
            new AccountOpened(command.Terms.Currency)
            {
                AgreementId = command.AgreementId,
                At = asker.Now,
                On = asker.Now.InZone(proposed.Zone).Date,
            });
    }

    /// <summary>What the asker's side accepted already stays accepted, without a change.</summary>
    public static Decision Accept(ITurn turn, Asker asker, string agreementId, int termsVersion)
    {
        var (grain, state, sides) = Seen(turn, asker, agreementId);
        if (!turn.IsComplete) return Decision.Silent();
        if (sides.Count == 0) return Unknown(agreementId);
        if (termsVersion != state.TermsVersion && (termsVersion != state.ProposedVersion || termsVersion == 0))
        {
            return Because(
                RefusalReason.TermsVersionMismatch,
                ("terms_version", state.TermsVersion),
                ("proposed_terms_version", state.ProposedVersion));
        }

        if (state.IsEnded) return Because(RefusalReason.AgreementEnded);
        if (CurrencyFault(state.Agreed, sides, asker) is { } mismatch) return mismatch;

        foreach (var side in sides)
        {
            var brand = state.PartyOf(side).BrandId;
            if (!asker.Brands.ContainsKey(brand)) return Because(RefusalReason.BrandNotFound, ("brand_id", brand));
        }

        var facts = sides
            .Where(side => (side == Side.First ? state.FirstAccepted : state.SecondAccepted) < termsVersion)
            .Select(side => new AgreementAccepted(side, termsVersion) { At = Now(state, asker) })
            .ToList();
        var next = facts.Aggregate(state, (known, fact) => known.Evolve(fact));

        // Whoever had no room for the proposal has to know what is accepted, before the news of its legs.
        var known = state.Status == AgreementStatus.Proposed && next.Status == AgreementStatus.Active
            ? AgreementNews.Known(Decision.Silent(), next, Now(state, asker), proposer: null)
            : null;
        return Decided(turn, grain, state, facts, asker, known);
    }

    /// <summary>Stops the issue at once, for the asker's side; running coupons are honored.</summary>
    public static Decision Pause(ITurn turn, Asker asker, string agreementId)
    {
        var (grain, state, sides) = Seen(turn, asker, agreementId);
        if (!turn.IsComplete) return Decision.Silent();
        if (sides.Count == 0) return Unknown(agreementId);
        if (state.EndAt <= Now(state, asker)) return Because(RefusalReason.AgreementEnded);
        if (state.Status == AgreementStatus.Proposed)
        {
            return Because(RefusalReason.AgreementNotActive, ("status", state.Status));
        }

        return Decided(turn, grain, state, sides
            .Where(side => !IsPausedBy(state, side))
            .Select(side => new AgreementPaused(side) { At = Now(state, asker) }), asker);
    }

    /// <summary>Takes back the asker's own pause. The other side's pause stays.</summary>
    public static Decision Resume(ITurn turn, Asker asker, string agreementId)
    {
        var (grain, state, sides) = Seen(turn, asker, agreementId);
        if (!turn.IsComplete) return Decision.Silent();
        if (sides.Count == 0) return Unknown(agreementId);
        if (state.EndAt <= Now(state, asker)) return Because(RefusalReason.AgreementEnded);

        var paused = sides.Where(side => IsPausedBy(state, side)).ToList();
        return paused.Count == 0
            ? Because(RefusalReason.AgreementNotPaused)
            : Decided(
                turn, grain, state, paused.Select(side => new AgreementResumed(side) { At = Now(state, asker) }), asker);
    }

    /// <summary>
    /// After the notice nothing is issued any more; running coupons are honored to their last day and returns to theirs.
    /// </summary>
    public static Decision End(ITurn turn, Asker asker, string agreementId)
    {
        var (grain, state, sides) = Seen(turn, asker, agreementId);
        if (!turn.IsComplete) return Decision.Silent();
        if (sides.Count == 0) return Unknown(agreementId);
        return state.IsEnded
            ? Because(RefusalReason.AgreementEnded)
            : Decided(turn, grain, state, [AgreementClosing.End(state, sides[0], Now(state, asker))], asker);
    }

    public static Decision Get(ITurn turn, Asker asker, string agreementId)
    {
        var (_, state, sides) = Seen(turn, asker, agreementId);
        var account = turn.State<AccountState>(AgreementGrains.AccountId(agreementId));
        if (!turn.IsComplete) return Decision.Silent();
        if (sides.Count == 0) return Unknown(agreementId);

        var now = Instant.Max(Now(state, asker), account.LastAt);
        return Decision.With(new AgreementView(
            state, sides, now, AgreementClosing.ClosesAt(state, account.Until(state, now))));
    }

    /// <summary>A tenant's books have one currency: that of each of its sides.</summary>
    internal static Refusal? CurrencyFault(AgreementTerms terms, IEnumerable<Side> sides, Asker asker) =>
        sides.All(side => terms.CurrencyOf(side) == asker.Currency)
            ? null
            : Because(RefusalReason.CurrencyMismatch, ("currency_code", asker.Currency));

    public static Refusal Unknown(string agreementId) =>
        Because(RefusalReason.AgreementNotFound, ("agreement_id", agreementId));

    /// <summary>The sides of the asker: those of its tenant, and of its brand where the credential is bound to one.</summary>
    public static IReadOnlyList<Side> SidesOf(AgreementState state, Asker asker) =>
    [
        .. state.SidesOf(asker.TenantId)
            .Where(side => asker.BrandId.Length == 0 || state.PartyOf(side).BrandId == asker.BrandId),
    ];

    internal static (GrainId Grain, AgreementState State, IReadOnlyList<Side> Sides) Seen(
        ITurn turn, Asker asker, string agreementId)
    {
        var grain = AgreementGrains.AgreementId(agreementId);
        var state = turn.State<AgreementState>(grain);
        return (grain, state, SidesOf(state, asker));
    }

    // What is due on the account by the terms that were in force is written before they change.
    private static AccountPen PenOf(ITurn turn, AgreementState state, Asker asker)
    {
        var account = AgreementGrains.AccountId(state.AgreementId);
        return new AccountPen(state, turn.State<AccountState>(account), account, asker.Now);
    }

    // The issuing tenants hear of every change of what their purchases do. Without a turn there is no account yet.
    internal static Decision Decided(
        ITurn? turn, GrainId grain, AgreementState state, IEnumerable<AgreementFact> facts, Asker asker,
        Decision? begun = null)
    {
        var next = state;
        var decision = begun ?? Decision.Silent();
        foreach (var fact in facts)
        {
            next = next.Evolve(fact);
            decision.Change(grain, fact);
        }

        var account = AccountState.Initial;
        if (turn is not null)
        {
            var pen = PenOf(turn, state, asker).Under(next);
            if (next != state) pen.Into(decision);
            account = pen.State;
        }

        decision.Answer(new AgreementView(
            next, SidesOf(next, asker), Instant.Max(Now(next, asker), account.LastAt), AgreementClosing.ClosesAt(next, account)));
        return AgreementNews.Legs(decision, state, next, next.LastAt);
    }

    internal static Instant Now(AgreementState state, Asker asker) => Instant.Max(state.LastAt, asker.Now);

    private static bool IsPausedBy(AgreementState state, Side side) =>
        side == Side.First ? state.FirstPaused : state.SecondPaused;
}
