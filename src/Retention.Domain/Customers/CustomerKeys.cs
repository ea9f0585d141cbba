using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Retention.Kernel;

namespace Retention.Domain.Customers;

/// <summary>Turns cards, e-mails and phones into the keys under which they are found: equal spellings, equal key.</summary>
public static class CustomerKeys
{
    public const int AddressMax = 254;

    public static CustomerKey Of(CustomerKeyKind kind, string address, string lookupKey)
    {
        var text = Name(kind) + "|" + Normalize(kind, address);
        var hash = HMACSHA256.HashData(Convert.FromBase64String(lookupKey), Encoding.UTF8.GetBytes(text));
        return new CustomerKey(kind, Convert.ToHexStringLower(hash));
    }

    public static GrainId Grain(PartitionId tenant, string hash) => new(tenant, KeyState.Kind, hash);

    public static string Name(CustomerKeyKind kind) => kind switch
    {
        CustomerKeyKind.Card => "card",
        CustomerKeyKind.Email => "email",
        CustomerKeyKind.Phone => "phone",
        _ => throw new InvalidOperationException($"Unknown kind of key {kind}."),
    };

    /// <summary>
    /// Cards: letters and digits, upper case. E-mails: trimmed, lower case. Phones: digits, a leading 00 becomes +.
    /// Empty when nothing is left.
    /// </summary>
    public static string Normalize(CustomerKeyKind kind, string address) => kind switch
    {
        CustomerKeyKind.Card => Card(address),
        CustomerKeyKind.Email => address.Trim().ToLowerInvariant(),
        CustomerKeyKind.Phone => Phone(address),
        _ => throw new InvalidOperationException($"Unknown kind of key {kind}."),
    };

    private static string Card(string address)
    {
        var kept = new StringBuilder(address.Length);
        foreach (var letter in address)
        {
            if (char.IsLetterOrDigit(letter)) kept.Append(char.ToUpperInvariant(letter));
        }

        return kept.ToString();
    }

    private static string Phone(string address)
    {
        var trimmed = address.AsSpan().Trim();
        var digits = new StringBuilder(address.Length);
        foreach (var letter in trimmed)
        {
            if (char.IsDigit(letter)) digits.Append(CharUnicodeInfo.GetDecimalDigitValue(letter));
        }

        if (digits.Length == 0) return "";
        if (trimmed[0] == '+') return "+" + digits;
        return digits.Length > 2 && digits[0] == '0' && digits[1] == '0' ? "+" + digits.ToString(2, digits.Length - 2)
            : digits.ToString();
    }
}
