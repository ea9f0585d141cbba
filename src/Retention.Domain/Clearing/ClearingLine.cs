using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using NodaTime;
using NodaTime.Text;
using Retention.Domain.Agreements;

namespace Retention.Domain.Clearing;

/// <summary>
/// One clearing entry as both sides see it, and as it goes into the chain of hashes. Its one form in bytes is
/// documented at ClearingEntry.line in agreement_service.proto: what changes here changes there, and is a new form.
/// </summary>
/// <param name="Day">Of At in the agreement's zone; its month is the period that the entry falls into.</param>
/// <param name="EntityId">The company whose store redeemed; empty: the redeeming tenant itself, or no redemption.</param>
/// <param name="Details">What only some kinds have, by ascending name.</param>
public sealed record ClearingLine(
    long Number,
    Instant At,
    LocalDate Day,
    string Kind,
    string LegId,
    string CouponId,
    string Redemption,
    int TermsVersion,
    string Currency,
    long FirstCredit,
    long SecondCredit,
    string EntityId,
    IReadOnlyList<LineDetail> Details)
{
    /// <summary>What the entry credits the first side with in the provisional book; the second with the opposite.</summary>
    public long FirstProvisional { get; init; }

    /// <summary>What <see cref="FirstCredit"/> comes to in the counter currency, by the rate.</summary>
    public long FirstCounter { get; init; }

    public long FirstCounterProvisional { get; init; }

    public ExchangeRate? Rate { get; init; }

    public static readonly string FirstHash = new('0', 64);

    private static readonly SearchValues<char> Plain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:~-");

    public static ClearingLine Of(string currency, EntryFact fact) => new(
        fact.Number,
        fact.At,
        fact.On,
        ClearingKind.Of(fact).Name,
        fact.LegId,
        fact.CouponId,
        fact.Redemption,
        fact.TermsVersion,
        currency,
        CreditOf(fact, Side.First),
        CreditOf(fact, Side.Second),
        fact.EntityId ?? "",
        ClearingKind.DetailsOf(fact))
    {
        FirstProvisional = fact.FirstCredit(Book.Provisional),
        FirstCounter = fact.FirstCredit(Book.Counter),
        FirstCounterProvisional = fact.FirstCredit(Book.CounterProvisional),
        Rate = fact.Rate,
    };

    public string HashAfter(string before) => Hash(before + "\n" + ToString());

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Number}|{InstantPattern.ExtendedIso.Format(At)}|{Day:uuuu-MM-dd}|{Kind}|{Escaped(LegId)}|{Escaped(CouponId)}|{Escaped(Redemption)}|{TermsVersion}|{Currency}|{FirstCredit}|{SecondCredit}|{Escaped(EntityId)}|{Joined(Details)}");

    /// <summary>SHA-256 over the text in UTF-8, as 64 lower-case hex digits.</summary>
    public static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Every byte of the UTF-8 form that is no letter, digit or one of ._:~- becomes % and two upper-case hex digits.</summary>
    public static string Escaped(string text)
    {
        if (!text.AsSpan().ContainsAnyExcept(Plain)) return text;
        var escaped = new StringBuilder();
        foreach (var unit in Encoding.UTF8.GetBytes(text))
        {
            if (Plain.Contains((char)unit)) escaped.Append((char)unit);
            else escaped.Append(CultureInfo.InvariantCulture, $"%{unit:X2}");
        }

        return escaped.ToString();
    }

    private static string Joined(IReadOnlyList<LineDetail> details) =>
        string.Join(';', details.Select(detail => $"{Escaped(detail.Name)}={Escaped(detail.Value)}"));

    private static long CreditOf(EntryFact fact, Side side)
    {
        var credit = 0L;
        foreach (var posting in fact.Postings.IsDefault ? [] : fact.Postings)
        {
            if (posting.Side == side && posting.Book == Book.Net) credit += posting.MinorUnits;
        }

        return credit;
    }
}

/// <summary>One name and value that an entry has beside what all have.</summary>
public readonly record struct LineDetail(string Name, string Value);
