using System.Collections.Immutable;
using System.Globalization;
using NodaTime;
using Retention.Domain.Offers;
using Retention.Domain.Tenants;
using Retention.Kernel;
using static Retention.Kernel.Refusal;

namespace Retention.Domain.Coupons;

/// <param name="Count">Bearer coupons, all valid alike.</param>
public sealed record IssueSeries(string TenantId, string OfferId, string SeriesId, int Count)
{
    public const int CountMax = 1_000_000;
}

/// <summary>All that is needed to write down a series' codes.</summary>
public sealed record CodeSeries(string SeriesId, string OfferId, string Prefix, int Number, int Count, Instant? ExpiresAt, byte[] Key)
{
    public string CodeAt(int index) => SeriesCode.Of(Key, Prefix, new SeriesPlace(Number, index));
}

/// <param name="Codes">A partner's codes as given.</param>
public sealed record ImportCodes(string TenantId, string OfferId, ImmutableArray<string> Codes)
{
    public const int CodesMax = 1_000;
}

/// <param name="Taken">Places in the request of codes that stand already, from 0.</param>
public sealed record CodesImported(int Imported, ImmutableArray<int> Taken);

/// <summary>Turns over many codes at once. Refusals stand in the order that the protos document.</summary>
public static class CodeSeriesTurns
{
    public static Decision Issue(ITurn turn, IssueSeries command)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(command.TenantId));
        var offerGrain = OfferGrains.OfferId(command.TenantId, command.OfferId);
        var state = turn.State<OfferState>(offerGrain);
        var head = OfferGrains.SeriesHead(command.TenantId);
        var number = turn.State<CodeSeriesState>(head).Series;
        if (!turn.IsComplete) return Decision.Silent();
        if (command.Count is < 1 or > IssueSeries.CountMax) return OfferRules.Invalid("count", "1_to_1000000");
        if (IssueFault(state, command.OfferId) is { } fault) return fault;
        if (number >= SeriesCode.SeriesMax)
        {
            return Because(RefusalReason.LimitTooMany, ("limit", "code_series"), ("maximum", SeriesCode.SeriesMax));
        }

        var (offer, now) = (state.Offer!, tenant.Now(turn.Time));
        var zone = OfferRules.Zone(offer, tenant);
        var expiresAt = OfferRules.CouponEnd(offer, now, zone);
        var (each, exhausted) = OfferBudget.ForIssue(state, command.Count, expiresAt, zone, now);
        if (exhausted is not null) return exhausted;

        var issued = new CodeSeriesIssued(offer.OfferId, offer.CodePrefix ?? "", command.Count, expiresAt, now)
        {
            Reserve = each,
        };
        var decision = Decision.With(SeriesOf(command.SeriesId, issued, number, tenant))
            .Change(head, new CodeSeriesCounted())
            .Change(OfferGrains.SeriesId(command.TenantId, number), issued);
        return OfferTurns.Counted(decision, offerGrain, state, command.Count, each, now);
    }

    public static Decision Get(ITurn turn, string tenantId, string seriesId)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(tenantId));
        var facts = CodeSeriesId.Key(seriesId) is { } key ? turn.Recorded(key) : null;
        if (!turn.IsComplete) return Decision.Silent();
        foreach (var (grain, fact) in facts ?? [])
        {
            if (fact is not CodeSeriesIssued issued || grain.Partition != PartitionId.Tenant(tenantId)) continue;
            var number = int.Parse(grain.Key, CultureInfo.InvariantCulture);
            return Decision.With(SeriesOf(seriesId, issued, number, tenant));
        }

        return Because(RefusalReason.CodeSeriesNotFound, ("series_id", seriesId));
    }

    /// <summary>Codes that stand already are left out and told.</summary>
    public static Decision Import(ITurn turn, ImportCodes command)
    {
        var tenant = turn.State<TenantState>(TenantGrains.Id(command.TenantId));
        var offerGrain = OfferGrains.OfferId(command.TenantId, command.OfferId);
        var state = turn.State<OfferState>(offerGrain);
        var codes = command.Codes.Select(code => CouponCode.Own(code) ?? CouponCode.Generic(code)).ToArray();
        var taken = ImmutableArray.CreateBuilder<int>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (index, code) in codes.Index())
        {
            var stands = turn.Version(OfferGrains.CouponId(command.TenantId, code)) > 0
                || !turn.State<CodeState>(OfferGrains.CodeId(command.TenantId, code)).Offers.IsEmpty;
            if (!seen.Add(code) || stands) taken.Add(index);
        }

        if (!turn.IsComplete) return Decision.Silent();
        if (command.Codes.Length > ImportCodes.CodesMax)
        {
            return Because(RefusalReason.LimitTooMany, ("limit", "codes"), ("maximum", ImportCodes.CodesMax));
        }

        if (codes.Any(code => CouponCode.Joint(code) is not null || code.Length is 0 or > CouponCode.GenericLengthMax))
        {
            return OfferRules.Invalid("codes", "1_to_64_characters_not_in_the_form_of_a_joint_code");
        }

        if (IssueFault(state, command.OfferId) is { } fault) return fault;

        var (offer, now) = (state.Offer!, tenant.Now(turn.Time));
        var imported = codes.Length - taken.Count;
        var decision = Decision.With(new CodesImported(imported, taken.ToImmutable()));
        if (imported == 0) return decision;

        var zone = OfferRules.Zone(offer, tenant);
        var expiresAt = OfferRules.CouponEnd(offer, now, zone);
        var (each, exhausted) = OfferBudget.ForIssue(state, imported, expiresAt, zone, now);
        if (exhausted is not null) return exhausted;

        OfferTurns.Counted(decision, offerGrain, state, imported, each, now);
        foreach (var (index, code) in codes.Index())
        {
            if (taken.Contains(index)) continue;
            decision.Change(
                OfferGrains.CouponId(command.TenantId, code), new CouponIssued(offer.OfferId, "", expiresAt, now) { Reserve = each });
        }

        return decision;
    }

    /// <summary>The coupon of a code that a series tells; null: none does.</summary>
    internal static CouponState? Find(ITurn turn, TenantState tenant, string code, CouponState used)
    {
        if (tenant.LookupKey.Length == 0 || SeriesCode.PlaceOf(SeriesCode.Key(tenant.LookupKey), code) is not { } place)
        {
            return null;
        }

        var series = turn.State<CodeSeriesState>(OfferGrains.SeriesId(tenant.TenantId, place.Series));
        return place.Index < series.Count && series.Prefix == CouponCode.PrefixOf(code)
            ? used with
            {
                OfferId = series.OfferId,
                ExpiresAt = series.ExpiresAt,
                Reserve = used.HasOwnReserve ? used.Reserve : series.Reserve,
            }
            : null;
    }

    /// <summary>Why the offer issues no coupons; null: it does.</summary>
    internal static Refusal? IssueFault(OfferState state, string offerId)
    {
        if (state.Offer is not { } offer) return Because(RefusalReason.OfferNotFound, ("offer_id", offerId));
        if (offer.Kind != OfferKind.UniqueCodes) return OfferRules.Invalid("offer_id", "issues_unique_codes");
        return state.Status == OfferStatus.Active
            ? null
            : Because(RefusalReason.OfferNotActive, ("status", state.Status));
    }

    private static CodeSeries SeriesOf(string seriesId, CodeSeriesIssued issued, int number, TenantState tenant) => new(
        seriesId,
        issued.OfferId,
        issued.Prefix,
        number,
        issued.Count,
        issued.ExpiresAt,
        SeriesCode.Key(tenant.LookupKey));
}
