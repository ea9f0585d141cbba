using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Retention.Domain.Tenants;
using Retention.Kernel;

namespace Retention.Domain.Agreements;

/// <summary>
/// What an agreement knows of a customer. The pseudonym is pairwise: another leg has another. The sealed id
/// lets the issuing tenant, and nobody else, find its customer again: its key comes from the tenant's own
/// lookup key, which never leaves the tenant's partition.
/// </summary>
public static class CustomerReference
{
    private const int NonceLength = 12;
    private const int TagLength = 16;

    /// <summary>32 hex digits; equal for equal customers of one leg.</summary>
    public static string Pseudonym(string pseudonymKey, string customerId) => Keyed(pseudonymKey, "c", customerId);

    /// <summary>32 hex digits for a purchase, so that neither number nor store of it is told.</summary>
    /// <param name="isReassigned">A sale that went to another customer triggers once more, for him.</param>
    public static string Purchase(
        string pseudonymKey, string brandId, string source, string purchaseId, bool isReassigned = false) =>
        Keyed(pseudonymKey, isReassigned ? "p-reassigned" : "p", brandId, source, purchaseId);

    /// <summary>32 hex digits for a sale that used a coupon: the tenant alone can make them again.</summary>
    public static string Sale(
        TenantState tenant, string agreementId, string brandId, string source, string purchaseId) =>
        Keyed(tenant.LookupKey, "joint sale", agreementId, brandId, source, purchaseId);

    /// <summary>32 hex digits for an order that holds coupons, in the same way.</summary>
    public static string Order(TenantState tenant, LedgerKey order) =>
        Keyed(tenant.LookupKey, "joint order", order.Value.ToString("x32", CultureInfo.InvariantCulture));

    /// <summary>
    /// Seals a customer id. Deterministic, as turns must be: the nonce is a keyed hash of the id, so that
    /// equal nonces mean equal ids.
    /// </summary>
    public static string Seal(TenantState tenant, string tenantId, string agreementId, string customerId)
    {
        var text = Encoding.UTF8.GetBytes(customerId);
        var sealedId = new byte[NonceLength + text.Length + TagLength];
        var nonce = sealedId.AsSpan(0, NonceLength);
        HMACSHA256.HashData(Key(tenant, "nonce"), Joined(agreementId, customerId)).AsSpan(0, NonceLength).CopyTo(nonce);

        using var cipher = new AesGcm(Key(tenant, "seal"), TagLength);
        cipher.Encrypt(
            nonce,
            text,
            sealedId.AsSpan(NonceLength, text.Length),
            sealedId.AsSpan(NonceLength + text.Length),
            Joined(tenantId, agreementId));
        return Base64Url.EncodeToString(sealedId);
    }

    /// <summary>The customer id, or null when this tenant did not seal it for this agreement.</summary>
    public static string? Open(TenantState tenant, string tenantId, string agreementId, string reference)
    {
        if (!Base64Url.IsValid(reference)) return null;

        var sealedId = Base64Url.DecodeFromChars(reference);
        if (sealedId.Length < NonceLength + TagLength) return null;

        var text = new byte[sealedId.Length - NonceLength - TagLength];
        using var cipher = new AesGcm(Key(tenant, "seal"), TagLength);
        try
        {
            cipher.Decrypt(
                sealedId.AsSpan(0, NonceLength),
                sealedId.AsSpan(NonceLength, text.Length),
                sealedId.AsSpan(NonceLength + text.Length),
                text,
                Joined(tenantId, agreementId));
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }

        return Encoding.UTF8.GetString(text);
    }

    private static byte[] Key(TenantState tenant, string use) =>
        HMACSHA256.HashData(Convert.FromBase64String(tenant.LookupKey), Joined("joint customer", use));

    private static string Keyed(string keyBase64, params ReadOnlySpan<string> parts) =>
        Convert.ToHexStringLower(
            HMACSHA256.HashData(Convert.FromBase64String(keyBase64), Joined(parts)).AsSpan(0, 16));

    // Parts end with a zero byte, which no id may hold, so that ("a", "bc") and ("ab", "c") differ.
    private static byte[] Joined(params ReadOnlySpan<string> parts)
    {
        var text = new StringBuilder();
        foreach (var part in parts)
        {
            text.Append(part).Append('\0');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
