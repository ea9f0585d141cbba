using System.Collections.Immutable;
using NodaTime;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Offers;

/// <param name="Wanted">Only the named fields of it are taken.</param>
/// <param name="Fields">By their names on the wire.</param>
/// <param name="Version">The version that the change was made on; null: whichever it is.</param>
/// <param name="Currency">Of the amounts; empty when none is named.</param>
public sealed record UpdateOffer(
    string TenantId, string OfferId, Offer Wanted, ImmutableArray<string> Fields, int? Version, string Currency);

/// <summary>Changes an offer while it is in force. What was given and reserved stands; every later turn sees the new terms.</summary>
public static class OfferUpdateTurns
{
    public static Decision Update(ITurn turn, UpdateOffer command)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(command.TenantId));
        var grain = OfferGrains.OfferId(command.TenantId, command.OfferId);
        var state = turn.State<OfferState>(grain);
        if (!turn.IsComplete) return Decision.Silent();
        if (state.Offer is not { } offer) return Because(RefusalReason.OfferNotFound, ("offer_id", command.OfferId));
        if (command.Version is { } version && version != offer.Version)
        {
            return Because(RefusalReason.EtagMismatch, ("version", offer.Version));
        }

        if (Merged(offer, command) is not { } merged) return OfferRules.Invalid("update_mask", "names_of_fields_that_change");
        if (OfferRules.Fault(merged) is { } fault) return fault;
        if (command.Currency.Length > 0 && command.Currency != tenant.Currency)
        {
            return Because(RefusalReason.CurrencyMismatch, ("currency_code", tenant.Currency));
        }

        if (OfferTurns.UnknownPlace(tenant, merged) is { } unknown) return unknown;

        var now = tenant.Now(turn.Time);
        if (ReserveFault(state, offer, merged, now) is { } reserved) return reserved;

        var updated = new OfferUpdated(merged with { Changes = offer.Changes + 1 }, now);
        return Decision.With(new OfferView(state.Evolve(updated), tenant.Currency, now)).Change(grain, updated);
    }

    // What is kept for coupons that are out is promised.
    private static Refusal? ReserveFault(OfferState state, Offer offer, Offer merged, Instant now)
    {
        if (!merged.ReservesAtIssue) return null;
        if (merged.BudgetMinorUnits < state.DiscountMinorUnits + state.Reserves.At(now))
        {
            return OfferRules.Invalid("budget", "not_below_what_is_given_and_reserved");
        }

        return merged.Discount.Most > offer.Discount.Most
            ? OfferRules.Invalid("discount", "at_most_what_is_reserved_for_each_coupon")
            : null;
    }

    private static Offer? Merged(Offer offer, UpdateOffer command)
    {
        var (merged, wanted) = (offer, command.Wanted);
        foreach (var field in command.Fields)
        {
            Offer? next = field switch
            {
                "discount" => merged with { Discount = wanted.Discount },
                "conditions" => merged with { Conditions = wanted.Conditions },
                "limits" => merged with { Limits = wanted.Limits },
                "validity" => merged with { Validity = wanted.Validity },
                "offline" => merged with { Offline = wanted.Offline },
                "stacking" => merged with { Stacking = wanted.Stacking },
                "budget" => merged with { BudgetMinorUnits = wanted.BudgetMinorUnits },
                _ => null,
            };
            if (next is null) return null;
            merged = next;
        }

        return merged;
    }
}
