using System.Globalization;
using NodaTime;
using NodaTime.Text;
using Retention.Domain.Offers;

namespace Retention.Domain.Offline;

/// <summary>
/// All that a till needs to accept a coupon without the network, as one line of text that a key of the tenant signs:
/// "RC1" and fields in a fixed order, e.g. <c>RC1;key=key_1;tenant=chain;code=SAVE10;...</c>. Values are percent-encoded.
/// </summary>
/// <param name="KeyId">Of the signing key.</param>
/// <param name="TenantId">Whose key it is.</param>
/// <param name="Code">Canonical.</param>
/// <param name="OfferId">Empty for a joint coupon.</param>
/// <param name="AgreementId">Empty for a chain's own coupon.</param>
/// <param name="CustomerId">The holder that it is bound to; empty: whoever bears it.</param>
/// <param name="StartsAt">Inclusive; null: from ever.</param>
/// <param name="EndsAt">Exclusive; null: for ever.</param>
/// <param name="Discount">An amount or a share with its cap, each already within the offline ceiling.</param>
public sealed record SignedCoupon(
    string KeyId,
    string TenantId,
    string Code,
    string OfferId,
    string AgreementId,
    string CustomerId,
    Instant? StartsAt,
    Instant? EndsAt,
    string Currency,
    Discount Discount,
    long MinimumBasketMinorUnits)
{
    private const string Version = "RC1";

    private static readonly string[] Names =
    [
        "key", "tenant", "code", "offer", "agreement", "customer", "from", "until", "currency", "amount", "share_bps",
        "at_most", "minimum_basket",
    ];

    /// <summary>The line; null where the text is not exactly one that this writes.</summary>
    public static SignedCoupon? Parse(string text)
    {
        var parts = text.Split(';');
        if (parts.Length != Names.Length + 1 || parts[0] != Version) return null;

        var values = new string[Names.Length];
        for (var i = 0; i < Names.Length; i++)
        {
            if (!parts[i + 1].StartsWith(Names[i] + "=", StringComparison.Ordinal)) return null;
            values[i] = Uri.UnescapeDataString(parts[i + 1][(Names[i].Length + 1)..]);
        }

        if (Number(values[9]) is not { } amount || Number(values[10]) is not { } share || share > Discount.WholeBps
            || Number(values[11]) is not { } most || Number(values[12]) is not { } minimum)
        {
            return null;
        }

        var coupon = new SignedCoupon(
            values[0], values[1], values[2], values[3], values[4], values[5], Moment(values[6]), Moment(values[7]),
            values[8], new Discount(amount, (int)share, most), minimum);

        // One text for one meaning: what does not come back as it was is not ours.
        return coupon.ToString() == text ? coupon : null;
    }

    public override string ToString()
    {
        string[] values =
        [
            KeyId, TenantId, Code, OfferId, AgreementId, CustomerId, Text(StartsAt), Text(EndsAt), Currency,
            Text(Discount.AmountMinorUnits), Text(Discount.ShareBps), Text(Discount.CapMinorUnits),
            Text(MinimumBasketMinorUnits),
        ];
        return Version + string.Concat(Names.Zip(values, (name, value) => $";{name}={Uri.EscapeDataString(value)}"));
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Text(Instant? moment) => moment is { } at ? InstantPattern.ExtendedIso.Format(at) : "";

    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static Instant? Moment(string text) =>
        text.Length > 0 && InstantPattern.ExtendedIso.Parse(text) is { Success: true } parsed ? parsed.Value : null;
}
