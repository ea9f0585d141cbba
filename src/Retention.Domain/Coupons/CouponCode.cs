using System.Security.Cryptography;
using System.Text;

namespace Retention.Domain.Coupons;

/// <summary>
/// Codes as people type them. Generic codes are compared in upper case. Unique codes are written in Crockford's
/// base32 (https://www.crockford.com/base32.html), which has no I, L, O and U: what looks like 0 or 1 is read so.
/// They carry 85 random bits and end in a check character that finds every single wrong character and every
/// exchange of two neighbors. A chain's own have 18 characters after a prefix of the offer, if it has one; an agreement's
/// begin with its prefix of 4 and have 22, which no chain's code has.
/// </summary>
public static class CouponCode
{
    public const int PrefixLength = 4;
    public const int RandomLength = 17;

    /// <summary>Bytes of randomness for one code: 88 bits, of which 85 are used.</summary>
    public const int RandomBytes = 11;

    public const int GenericLengthMax = 64;

    /// <summary>Longest prefix of an offer's codes. A prefix of <see cref="PrefixLength"/> is an agreement's.</summary>
    public const int OwnPrefixMax = 8;

    private const int OwnLength = RandomLength + 1;
    private const int JointLength = PrefixLength + RandomLength + 1;
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <summary>Generic codes match case-insensitively and without blanks at their ends.</summary>
    public static string Generic(string typed) => typed.Trim().ToUpperInvariant();

    /// <summary>The code of the randomness given: <see cref="RandomBytes"/> bytes.</summary>
    public static string Of(ReadOnlySpan<byte> random) => With("", random);

    /// <summary>The code under an agreement's prefix.</summary>
    public static string Of(string prefix, ReadOnlySpan<byte> random) => With(prefix, random);

    /// <summary>Four characters of a hash of the agreement's id: they say where a code belongs, not what it is.</summary>
    public static string Prefix(string agreementId)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes("coupon prefix\0" + agreementId), hash);
        return Digits(hash, PrefixLength);
    }

    /// <summary>The code of the lowest 85 bits given.</summary>
    public static string OfBits(string prefix, UInt128 bits)
    {
        Span<char> text = stackalloc char[RandomLength];
        for (var i = RandomLength - 1; i >= 0; i--)
        {
            text[i] = Alphabet[(int)(bits & 31)];
            bits >>= 5;
        }

        var code = string.Concat(prefix, text);
        return code + Check(code);
    }

    /// <summary>The 85 bits of a canonical code.</summary>
    public static UInt128 BitsOf(string code)
    {
        UInt128 bits = 0;
        foreach (var character in code.AsSpan(code.Length - OwnLength, RandomLength))
        {
            bits = (bits << 5) | (uint)Alphabet.IndexOf(character, StringComparison.Ordinal);
        }

        return bits;
    }

    /// <summary>The same code under a prefix, with the check character of both.</summary>
    public static string Under(string prefix, string code) =>
        prefix.Length == 0 ? code : OfBits(prefix, BitsOf(code));

    /// <summary>What stands before the 18 characters of a canonical code; empty: nothing.</summary>
    public static string PrefixOf(string code) => code[..^OwnLength];

    /// <summary>Whether an offer's codes may begin so.</summary>
    public static bool IsPrefix(string prefix) =>
        prefix.Length is > 0 and <= OwnPrefixMax and not PrefixLength
        && prefix.All(character => Alphabet.Contains(character, StringComparison.Ordinal))
        && !BannedWords.In(prefix);

    /// <summary>The canonical text of a chain's own unique code; null when it is none.</summary>
    public static string? Own(string typed)
    {
        var length = 0;
        foreach (var character in typed)
        {
            if (character is not ('-' or ' ')) length++;
        }

        return length is >= OwnLength and <= OwnLength + OwnPrefixMax and not JointLength ? Unique(typed, length) : null;
    }

    /// <summary>The canonical text of an agreement's code; null when it is none.</summary>
    public static string? Joint(string typed) => Unique(typed, JointLength);

    /// <summary>Names a coupon without telling its code.</summary>
    public static string CouponId(string code) =>
        "cpn_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("coupon\0" + code)).AsSpan(0, 12));

    private static string With(string prefix, ReadOnlySpan<byte> random)
    {
        var code = prefix + Digits(random, RandomLength);
        return code + Check(code);
    }

    private static string Digits(ReadOnlySpan<byte> bits, int count)
    {
        Span<char> text = stackalloc char[count];
        for (var i = 0; i < count; i++)
        {
            var digit = 0;
            for (var bit = i * 5; bit < (i * 5) + 5; bit++)
            {
                digit = (digit << 1) | ((bits[bit / 8] >> (7 - (bit % 8))) & 1);
            }

            text[i] = Alphabet[digit];
        }

        return new string(text);
    }

    private static string? Unique(string typed, int length)
    {
        if (typed.Length > GenericLengthMax) return null;

        Span<char> text = stackalloc char[length];
        var count = 0;
        foreach (var character in typed.AsSpan().Trim())
        {
            if (character is '-' or ' ') continue;
            if (count == length || Canonical(character) is not { } known) return null;
            text[count++] = known;
        }

        return count == length && Sum(text) == 0 ? new string(text) : null;
    }

    private static char? Canonical(char typed) => char.ToUpperInvariant(typed) switch
    {
        'O' => '0',
        'I' or 'L' => '1',
        var character when Alphabet.Contains(character, StringComparison.Ordinal) => character,
        _ => null,
    };

    private static char Check(string code)
    {
        Span<char> text = stackalloc char[code.Length + 1];
        code.CopyTo(text);
        text[^1] = '0';

        // The last place has weight 1, so the sum itself is what brings the whole to zero.
        return Alphabet[Sum(text)];
    }

    // A polynomial over GF(32) with x^5 + x^2 + 1: place weights are powers of a generator and differ up to length 31.
    private static int Sum(ReadOnlySpan<char> text)
    {
        var sum = 0;
        foreach (var character in text)
        {
            sum <<= 1;
            if (sum >= 32) sum ^= 0b100101;
            sum ^= Alphabet.IndexOf(character, StringComparison.Ordinal);
        }

        return sum;
    }
}
