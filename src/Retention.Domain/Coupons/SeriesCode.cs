using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Retention.Domain.Coupons;

/// <summary>Where a code of a series stands: the series' number in its tenant, and the code's in the series (from 0).</summary>
public readonly record struct SeriesPlace(int Series, int Index);

/// <summary>
/// Codes that need no row of their own: the place is encrypted to the 85 bits of a code under a key of the tenant, so a
/// code that is typed tells its place again. A Feistel network over 85 bits (as NIST SP 800-38G's FF1: ten rounds,
/// halves of 42 and 43 bits) with HMAC-SHA256 for its rounds is a permutation: no code comes twice, and to whoever does
/// not have the key it is as good as drawn. Whoever guesses meets one of n codes with n chances in 2^85.
/// </summary>
public static class SeriesCode
{
    public const int SeriesMax = 1 << 24;
    public const int CountMax = 1 << 24;

    private const int Rounds = 10;
    private const int LeftBits = 42;
    private const int RightBits = 43;
    private const ulong LeftMask = (1UL << LeftBits) - 1;
    private const ulong RightMask = (1UL << RightBits) - 1;

    // Of the 85 bits the lowest 48 are the place and the next 4 the attempt, the others are 0.
    private const int IndexBits = 24;
    private const int PlaceBits = 48;
    private const int Attempts = 16;

    // To set up the key costs more than to hash these few bytes: each thread keeps the hash of the key it used last.
    [ThreadStatic]
    private static IncrementalHash? keyed;

    [ThreadStatic]
    private static byte[]? keyOfKeyed;

    /// <summary>The tenant's key for codes, of its secret.</summary>
    public static byte[] Key(string tenantSecret) =>
        HMACSHA256.HashData(Convert.FromBase64String(tenantSecret), "coupon series 1"u8);

    /// <summary>The code of the place: the first of its attempts that spells no banned word.</summary>
    public static string Of(ReadOnlySpan<byte> key, string prefix, SeriesPlace place)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var code = CouponCode.OfBits(prefix, Encrypt(key, Plain(place, attempt)));
            if (!BannedWords.In(code)) return code;
        }

        throw new InvalidOperationException("Every attempt at a code spells a banned word.");
    }

    /// <summary>The place that a canonical code tells; null: it was made by no series of this key.</summary>
    public static SeriesPlace? PlaceOf(ReadOnlySpan<byte> key, string code)
    {
        var plain = Decrypt(key, CouponCode.BitsOf(code));
        if (plain >> PlaceBits >= Attempts) return null;

        var place = new SeriesPlace((int)((plain >> IndexBits) & (SeriesMax - 1)), (int)(plain & (CountMax - 1)));
        var isFirst = plain >> PlaceBits == 0 && !BannedWords.In(code);
        return isFirst || Of(key, CouponCode.PrefixOf(code), place) == code ? place : null;
    }

    public static UInt128 Encrypt(ReadOnlySpan<byte> key, UInt128 plain)
    {
        var (left, right) = ((ulong)(plain >> RightBits) & LeftMask, (ulong)(plain & RightMask));
        for (var round = 0; round < Rounds; round++)
        {
            if (round % 2 == 0) left ^= Round(key, round, right) & LeftMask;
            else right ^= Round(key, round, left) & RightMask;
        }

        return ((UInt128)left << RightBits) | right;
    }

    public static UInt128 Decrypt(ReadOnlySpan<byte> key, UInt128 secret)
    {
        var (left, right) = ((ulong)(secret >> RightBits) & LeftMask, (ulong)(secret & RightMask));
        for (var round = Rounds - 1; round >= 0; round--)
        {
            if (round % 2 == 0) left ^= Round(key, round, right) & LeftMask;
            else right ^= Round(key, round, left) & RightMask;
        }

        return ((UInt128)left << RightBits) | right;
    }

    private static UInt128 Plain(SeriesPlace place, int attempt) =>
        ((UInt128)attempt << PlaceBits) | ((UInt128)place.Series << IndexBits) | (uint)place.Index;

    private static ulong Round(ReadOnlySpan<byte> key, int round, ulong half)
    {
        Span<byte> text = stackalloc byte[9];
        text[0] = (byte)round;
        BinaryPrimitives.WriteUInt64BigEndian(text[1..], half);
        Span<byte> hash = stackalloc byte[32];
        var under = Keyed(key);
        under.AppendData(text);
        under.GetHashAndReset(hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }

    private static IncrementalHash Keyed(ReadOnlySpan<byte> key)
    {
        if (keyed is null || !key.SequenceEqual(keyOfKeyed))
        {
            keyed?.Dispose();
            keyed = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
            keyOfKeyed = key.ToArray();
        }

        return keyed;
    }
}
