using Retention.Domain.Agreements;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Tenants;

/// <summary>The fields of a program by their names on the wire, and the bounds of each.</summary>
public static class ProgramFields
{
    public const long MillipointsMax = 1_000_000_000;
    public const int LotDaysMax = 3_650;
    public const long PointValueMax = 1_000_000_000;

    /// <summary>Takes the named fields from the wanted program; null when a name is not a field's.</summary>
    public static Program? Merge(Program current, Program wanted, IEnumerable<string> fields)
    {
        var merged = current;
        foreach (var field in fields)
        {
            Program? next = field switch
            {
                "millipoints_per_unit" => merged with { MillipointsPerUnit = wanted.MillipointsPerUnit },
                "round_to_millipoints" => merged with { RoundToMillipoints = wanted.RoundToMillipoints },
                "lot_days" => merged with { LotDays = wanted.LotDays },
                "millipoints_cap_per_purchase" =>
                    merged with { MillipointsCapPerPurchase = wanted.MillipointsCapPerPurchase },
                "return_may_go_negative" => merged with { ReturnMayGoNegative = wanted.ReturnMayGoNegative },
                "point_value_minor_units" => merged with { PointValueMinorUnits = wanted.PointValueMinorUnits },
                "reassign_days" => merged with { Tills = merged.Till with { ReassignDays = wanted.Till.ReassignDays } },
                "purchase_ahead_minutes" =>
                    merged with { Tills = merged.Till with { PurchaseAheadMinutes = wanted.Till.PurchaseAheadMinutes } },
                "require_till_ids" => merged with { Tills = merged.Till with { RequiresTillIds = wanted.Till.RequiresTillIds } },
                "own_card" => merged with { Tills = merged.Till with { OwnCard = wanted.Till.OwnCard } },
                "card_velocity" => merged with { Tills = merged.Till with { CardVelocity = wanted.Till.CardVelocity } },
                "card_uses_per_hour" =>
                    merged with { Tills = merged.Till with { CardUsesPerHour = wanted.Till.CardUsesPerHour } },
                "card_uses_per_day" => merged with { Tills = merged.Till with { CardUsesPerDay = wanted.Till.CardUsesPerDay } },
                "proposals_per_tenant" =>
                    merged with { Proposals = merged.Proposal with { PerTenant = wanted.Proposal.PerTenant } },
                "proposals_of_strangers" =>
                    merged with { Proposals = merged.Proposal with { OfStrangers = wanted.Proposal.OfStrangers } },
                "proposal_days" => merged with { Proposals = merged.Proposal with { Days = wanted.Proposal.Days } },
                _ => null,
            };
            if (next is null) return null;
            merged = next;
        }

        return merged;
    }

    /// <summary>The first field that is out of its bounds; null when none is.</summary>
    public static Refusal? Fault(Program program) =>
        Outside("millipoints_per_unit", program.MillipointsPerUnit, 0, MillipointsMax)
        ?? Outside("round_to_millipoints", program.RoundToMillipoints, 1, MillipointsMax)
        ?? Outside("lot_days", program.LotDays, 0, LotDaysMax)
        ?? Outside("millipoints_cap_per_purchase", program.MillipointsCapPerPurchase, 0, long.MaxValue)
        ?? Outside("point_value_minor_units", program.PointValueMinorUnits, 0, PointValueMax)
        ?? Outside("reassign_days", program.Till.ReassignDays, 0, TillRules.ReassignDaysMax)
        ?? Outside(
            "purchase_ahead_minutes", program.Till.PurchaseAheadMinutes, 0, TillRules.PurchaseAheadMinutesMax)
        ?? Outside("proposals_per_tenant", program.Proposal.PerTenant, 0, AgreementNews.AgreementsMax)
        ?? Outside("proposals_of_strangers", program.Proposal.OfStrangers, 0, AgreementNews.AgreementsMax)
        ?? Outside("proposal_days", program.Proposal.Days, 1, ProposalRules.DaysMax)
        ?? Outcome("own_card", program.Till.OwnCard)
        ?? Outcome("card_velocity", program.Till.CardVelocity)
        ?? Outside("card_uses_per_hour", program.Till.CardUsesPerHour, 0, TillRules.CardUsesMax)
        ?? Outside("card_uses_per_day", program.Till.CardUsesPerDay, 0, TillRules.CardUsesMax);

    private static Refusal? Outcome(string field, RuleOutcome outcome) => Enum.IsDefined(outcome)
        ? null
        : Because(RefusalReason.FieldInvalid, ("field", $"program.{field}"), ("rule", "required"));

    private static Refusal? Outside(string field, long value, long min, long max) => value >= min && value <= max
        ? null
        : Because(RefusalReason.FieldInvalid, ("field", $"program.{field}"), ("rule", $"from_{min}_to_{max}"));
}
