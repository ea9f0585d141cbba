using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using NodaTime;
using Retention.Domain.Coupons;

namespace Retention.Domain.Agreements;

/// <summary>One agreement between two brands: its terms, who accepted them, who paused it.</summary>
/// <remarks>A side that accepted a version has thereby left none before it: what is in force stays so until the other
/// side accepts the new version, too.</remarks>
public sealed record AgreementState
{
    public static readonly AgreementState Initial = new();

    /// <summary>Empty: the agreement does not exist.</summary>
    public string AgreementId { get; init; } = "";

    public Party First { get; init; } = new("", "");

    public Party Second { get; init; } = new("", "");

    /// <summary>In force, or, while nothing is, as last proposed.</summary>
    public AgreementTerms? Terms { get; init; }

    public int TermsVersion { get; init; }

    /// <summary>What is to follow the terms in force once both sides accept it; null: nothing is proposed.</summary>
    public AgreementTerms? ProposedTerms { get; init; }

    public int ProposedVersion { get; init; }

    /// <summary>Versions that were in force before, ascending: coupons settle under the one of their issue.</summary>
    public ImmutableArray<TermsOfVersion> Earlier { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>The latest terms version that the side accepted; 0: none.</summary>
    public int FirstAccepted { get; init; }

    public int SecondAccepted { get; init; }

    public bool FirstPaused { get; init; }

    public bool SecondPaused { get; init; }

    /// <summary>The end was told, with notice or without.</summary>
    public bool IsEnded { get; init; }

    /// <summary>Exclusive end of the notice; null: there is or was none.</summary>
    public Instant? EndsAt { get; init; }

    /// <summary>When both sides had accepted for the first time; no meaning before.</summary>
    public Instant ActiveSince { get; init; }

    public bool IsSandbox { get; init; }

    public string CodeKey { get; init; } = "";

    public string FirstPseudonymKey { get; init; } = "";

    public string SecondPseudonymKey { get; init; } = "";

    /// <summary>Time of the last fact: no turn of the agreement is earlier.</summary>
    public Instant LastAt { get; init; } = Instant.MinValue;

    public bool Exists => AgreementId.Length > 0;

    public bool IsPaused => FirstPaused || SecondPaused;

    public AgreementStatus Status => IsEnded ? AgreementStatus.Ended
        : TermsVersion > 0 && FirstAccepted >= TermsVersion && SecondAccepted >= TermsVersion ? AgreementStatus.Active
        : AgreementStatus.Proposed;

    /// <summary>The moment from which nothing is issued, exclusive; null: no end was told.</summary>
    public Instant? EndAt => IsEnded ? EndsAt ?? LastAt : null;

    /// <summary>Whether a triggering purchase gives a coupon, to the end of a notice.</summary>
    public bool Issues => !IsPaused
        && (Status == AgreementStatus.Active || (Status == AgreementStatus.Ended && EndsAt is not null));

    /// <summary>Whether a purchase gives a coupon at a moment that is not before the last fact.</summary>
    public bool IssuesIn(string legId, Instant at) => IssuesIn(legId) && (EndAt is not { } end || at < end);

    /// <summary>Likewise, to the end of a notice.</summary>
    public bool IssuesIn(string legId) => Issues && (legId == Leg.First || Agreed.IsMirrored);

    public AgreementTerms Agreed => Terms ?? throw new InvalidOperationException("There is no agreement.");

    /// <summary>The terms of a version that was in force.</summary>
    public AgreementTerms TermsOf(int version) => version == TermsVersion
        ? Agreed
        : Earlier.FirstOrDefault(earlier => earlier.TermsVersion == version)?.Terms
            ?? throw new InvalidOperationException($"There are no terms of version {version}.");

    public DateTimeZone Zone => DateTimeZoneProviders.Tzdb[Agreed.TimeZone];

    /// <summary>Counts below this are not shown to the partner. In a sandbox there is nobody to protect.</summary>
    public int SuppressUnder => IsSandbox ? 0
        : Agreed.SuppressUnder == 0 ? AgreementTerms.SuppressDefault
        : Agreed.SuppressUnder;

    /// <summary>The second leg stays while coupons of it may be about: it issues under mirrored terms only.</summary>
    public IEnumerable<Leg> Legs()
    {
        yield return new Leg(Leg.First, Side.First, First, Second, FirstPseudonymKey);
        if (Agreed.IsMirrored || Earlier.Any(earlier => earlier.Terms.IsMirrored)) yield return new Leg(Leg.Second, Side.Second, Second, First, SecondPseudonymKey);
    }

    public Leg? FindLeg(string legId) => Exists ? Legs().FirstOrDefault(leg => leg.LegId == legId) : null;

    /// <summary>Keys the pseudonyms of the side's customers: those of the leg that it issues.</summary>
    public string PseudonymKeyOf(Side side) => side == Side.First ? FirstPseudonymKey : SecondPseudonymKey;

    public Party PartyOf(Side side) => side == Side.First ? First : Second;

    /// <summary>The sides that belong to the tenant: none for strangers, both where one tenant has both brands.</summary>
    public IEnumerable<Side> SidesOf(string tenantId)
    {
        if (!Exists) yield break;
        foreach (var side in SidesOf(First, Second, tenantId))
        {
            yield return side;
        }
    }

    public static IEnumerable<Side> SidesOf(Party first, Party second, string tenantId)
    {
        if (first.TenantId == tenantId) yield return Side.First;
        if (second.TenantId == tenantId) yield return Side.Second;
    }

    /// <summary>
    /// The code of the coupon that a purchase gives in a leg: drawn from the agreement's key, so that a turn needs
    /// no randomness, and equal whenever it is asked, so that a return finds the coupon of its purchase.
    /// </summary>
    public string CodeOf(string legId, string purchase)
    {
        var drawn = HMACSHA256.HashData(Convert.FromBase64String(CodeKey), Encoding.UTF8.GetBytes(legId + "\0" + purchase));
        return CouponCode.Of(CouponCode.Prefix(AgreementId), drawn.AsSpan(0, CouponCode.RandomBytes));
    }

    public AgreementState Evolve(AgreementFact fact)
    {
        var next = fact switch
        {
            AgreementProposed proposed => Proposed(proposed),
            AgreementAmended amended => Amended(amended),
            AgreementAccepted { Side: Side.First } accepted =>
                (this with { FirstAccepted = accepted.TermsVersion }).WithAcceptedTerms(),
            AgreementAccepted accepted => (this with { SecondAccepted = accepted.TermsVersion }).WithAcceptedTerms(),
            AgreementPaused paused => WithPause(paused.Side, true),
            AgreementResumed resumed => WithPause(resumed.Side, false),
            AgreementEnded ended => this with { IsEnded = true, EndsAt = ended.EndsAt },
            _ => throw new InvalidOperationException($"An agreement knows no {fact.GetType().Name}."),
        };
        var begins = Status == AgreementStatus.Proposed && next.Status == AgreementStatus.Active;
        return next with
        {
            LastAt = Instant.Max(LastAt, fact.At),
            ActiveSince = begins ? fact.At : ActiveSince,
        };
    }

    private AgreementState Proposed(AgreementProposed proposed) => this with
    {
        AgreementId = proposed.AgreementId,
        First = proposed.First,
        Second = proposed.Second,
        Terms = proposed.Terms,
        TermsVersion = proposed.TermsVersion,
        CodeKey = proposed.CodeKey,
        FirstPseudonymKey = proposed.FirstPseudonymKey,
        SecondPseudonymKey = proposed.SecondPseudonymKey,
        IsSandbox = proposed.IsSandbox,
    };

    // Nothing in force is left by an amendment of what both have not accepted.
    private AgreementState Amended(AgreementAmended amended) => Status == AgreementStatus.Proposed
        ? this with { Terms = amended.Terms, TermsVersion = amended.TermsVersion }
        : this with { ProposedTerms = amended.Terms, ProposedVersion = amended.TermsVersion };

    private AgreementState WithAcceptedTerms() =>
        ProposedTerms is null || FirstAccepted < ProposedVersion || SecondAccepted < ProposedVersion
            ? this
            : this with
            {
                Earlier = Earlier.Add(new TermsOfVersion(TermsVersion, Agreed)),
                Terms = ProposedTerms,
                TermsVersion = ProposedVersion,
                ProposedTerms = null,
                ProposedVersion = 0,
            };

    private AgreementState WithPause(Side side, bool paused) => side == Side.First
        ? this with { FirstPaused = paused }
        : this with { SecondPaused = paused };
}

public sealed record TermsOfVersion(int TermsVersion, AgreementTerms Terms);
