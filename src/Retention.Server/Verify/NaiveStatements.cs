using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Retention.Server.Verify;

/// <summary>
/// A clearing entry written down by the text of agreement_service.proto alone, without the domain's code.
/// </summary>
/// <param name="Details">Name and value, as they come.</param>
internal sealed record NaiveLine(
    long Number,
    string Time,
    string Day,
    string Kind,
    string LegId,
    string CouponId,
    string Redemption,
    long TermsVersion,
    string Currency,
    long FirstCredit,
    long SecondCredit,
    string EntityId,
    IReadOnlyList<KeyValuePair<string, string>> Details)
{
    public string Month => Day[..7];

    public override string ToString()
    {
        var details = Details
            .OrderBy(detail => detail.Key, StringComparer.Ordinal)
            .Select(detail => Escape(detail.Key) + "=" + Escape(detail.Value));
        return string.Join(
            '|',
            Text(Number),
            Time,
            Day,
            Kind,
            Escape(LegId),
            Escape(CouponId),
            Escape(Redemption),
            Text(TermsVersion),
            Currency,
            Text(FirstCredit),
            Text(SecondCredit),
            Escape(EntityId),
            string.Join(';', details));
    }

    public static string Escape(string text)
    {
        if (text == "*") return text;
        var escaped = new StringBuilder();
        foreach (var unit in Encoding.UTF8.GetBytes(text))
        {
            var letter = (char)unit;
            if (char.IsAsciiLetterOrDigit(letter) || "._:~-".Contains(letter, StringComparison.Ordinal)) escaped.Append(letter);
            else escaped.Append('%').Append(unit.ToString("X2", CultureInfo.InvariantCulture));
        }

        return escaped.ToString();
    }

    public static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>One month's statement, seen from the first side.</summary>
internal sealed class NaiveMonth(string name, long opening, string previousHash)
{
    private const int EntitiesMax = 100;

    private readonly SortedDictionary<string, (long Redeemed, long Reversed)> entities = new(StringComparer.Ordinal);

    public string Name => name;

    public long Opening => opening;

    public string PreviousHash { get; } = previousHash;

    public string LinesHash { get; private set; } = previousHash;

    public long Lines { get; private set; }

    public long Redeemed { get; private set; }

    public long Reversed { get; private set; }

    public long Fees { get; private set; }

    public long Tax { get; private set; }

    public long Paid { get; private set; }

    /// <summary>Memo: contained in what the lines clear.</summary>
    public long TaxIncluded { get; private set; }

    public long Net => Redeemed - Reversed + Fees + Tax;

    public long Closing => Opening + Net - Paid;

    public void Add(NaiveLine line)
    {
        Lines++;
        LinesHash = NaiveLine.Hash(LinesHash + "\n" + line);
        TaxIncluded += line.Details.Where(detail => detail.Key == "tax_included")
            .Sum(detail => long.Parse(detail.Value, CultureInfo.InvariantCulture));
        switch (line.Kind)
        {
            case "REDEEMED" or "CONFIRMED":
                Redeemed += line.FirstCredit;
                AddEntity(line, line.FirstCredit, 0);
                break;
            case "REVERSED" or "CLAWED_BACK" or "SALE_RETURNED" or "DISPUTE_RESOLVED":
                Reversed -= line.FirstCredit;
                AddEntity(line, 0, -line.FirstCredit);
                break;
            case "FEE" or "FEE_REVERSED":
                Fees += line.FirstCredit;
                break;
            case "TAX":
                Tax += line.FirstCredit;
                break;
            case "SETTLED":
                Paid -= line.FirstCredit;
                break;
            case "PROVISIONAL" or "UNCONFIRMED" or "DISPUTED":
                break;
            default:
                throw new InvalidOperationException($"Nobody knows what {line.Kind} counts as.");
        }
    }

    public string EntitiesText() => string.Join(
        ';',
        entities.Select(entity =>
            $"{entity.Key.Replace('\0', ',')},{NaiveLine.Text(entity.Value.Redeemed)},{NaiveLine.Text(entity.Value.Reversed)}"));

    public string Hash(string agreementId, string currency) => NaiveLine.Hash(string.Join(
        '|',
        "statement/1",
        NaiveLine.Escape(agreementId),
        name,
        currency,
        NaiveLine.Text(Opening),
        NaiveLine.Text(Redeemed),
        NaiveLine.Text(Reversed),
        NaiveLine.Text(Fees),
        NaiveLine.Text(Tax),
        NaiveLine.Text(Paid),
        NaiveLine.Text(Closing),
        NaiveLine.Text(Lines),
        EntitiesText(),
        PreviousHash,
        LinesHash));

    // Leg 1 is redeemed at the second side's stores. The id sorts as it is, and its escaped form has no zero.
    private void AddEntity(NaiveLine line, long redeemed, long reversed)
    {
        if (line.LegId.Length == 0) return;
        var side = line.LegId == "1" ? "2" : "1";
        var key = side + "\0" + NaiveLine.Escape(line.EntityId);
        if (!entities.ContainsKey(key) && entities.Count >= EntitiesMax) key = side + "\0*";
        var before = entities.GetValueOrDefault(key);
        entities[key] = (before.Redeemed + redeemed, before.Reversed + reversed);
    }
}

/// <summary>All statements of one agreement, month after month without a gap, from its entries in order.</summary>
internal sealed class NaiveStatements(string agreementId, string currency, string firstMonth)
{
    private readonly List<NaiveMonth> months = [new NaiveMonth(firstMonth, 0, new string('0', 64))];

    public void Add(NaiveLine line) => Of(line.Month).Add(line);

    /// <summary>The month's statement; the months before are closed by asking. Earlier than the last one: as it was.</summary>
    public NaiveMonth Of(string month)
    {
        while (string.CompareOrdinal(months[^1].Name, month) < 0)
        {
            var last = months[^1];
            months.Add(new NaiveMonth(After(last.Name), last.Closing, last.Hash(agreementId, currency)));
        }

        return months.Find(known => known.Name == month)
            ?? throw new InvalidOperationException($"There is no month {month} before {firstMonth}.");
    }

    public IReadOnlyList<NaiveMonth> Months => months;

    private static string After(string month)
    {
        var (year, number) = (int.Parse(month[..4], CultureInfo.InvariantCulture), int.Parse(month[5..], CultureInfo.InvariantCulture));
        return number == 12 ? $"{year + 1:0000}-01" : $"{year:0000}-{number + 1:00}";
    }
}
