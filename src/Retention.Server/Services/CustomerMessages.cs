using System.Collections.Immutable;
using NodaTime;
using NodaTime.Text;
using Retention.Domain.Customers;
using Retention.Server.Persons;
using Retention.Server.Rpc;
using Retention.V1;
using Consent = Retention.Domain.Customers.Consent;

namespace Retention.Server.Services;

/// <summary>Customers as messages.</summary>
internal static class CustomerMessages
{
    private const int NameLengthMax = 100;
    private const int LocaleLengthMax = 35;
    private const int TextLengthMax = 64;
    private const int ConsentsMax = 64;
    private const int PhoneDigitsMin = 4;
    private const int PhoneDigitsMax = 20;
    private const int CardRefLength = 12;

    // A leap year, so that an unknown year may have 29 February.
    private static readonly AnnualDatePattern BirthdayPattern = AnnualDatePattern.CreateWithInvariantCulture("'--'MM'-'dd");

    public static Customer ToProto(this CustomerView view, PersonProfile? profile = null)
    {
        var customer = new Customer
        {
            CustomerId = view.CustomerId,
            EnrollTime = view.State.EnrolledAt.ToProto(),
            Erased = view.State.IsErased,
            PurchaseCount = view.State.PurchaseCount,
            Cards =
            {
                view.State.Keys.Where(key => key.Kind == CustomerKeyKind.Card).Select(key => new Card
                {
                    CardRef = key.Hash[..CardRefLength], Blocked = key.IsBlocked,
                }),
            },
            Consents = { view.State.Consents.Select(ToProto) },
            LinkedAgreementIds = { view.State.Links.Where(link => link.IsLinked).Select(link => link.AgreementId) },
        };
        if (view.State.PurchaseCount > 0) customer.LastPurchaseTime = view.State.LastPurchaseAt.ToProto();
        if (profile is not null) customer.Profile = profile.ToProto();
        return customer;
    }

    public static Profile ToProto(this PersonProfile profile) => new()
    {
        GivenName = profile.GivenName ?? "",
        FamilyName = profile.FamilyName ?? "",
        Email = profile.Email ?? "",
        Phone = profile.Phone ?? "",
        BirthDate = profile.BirthDate ?? "",
        TimeZone = profile.TimeZone ?? "",
        Locale = profile.Locale ?? "",
    };

    public static WalletCoupon ToProto(this JointCoupon coupon) => new()
    {
        CouponId = coupon.CouponId,
        Code = coupon.Code,
        AgreementId = coupon.AgreementId,
        RedeemingBrandId = coupon.RedeemingBrandId,
        ExpireTime = coupon.ExpiresAt.ToProto(),
        DiscountMinorUnits = coupon.DiscountMinorUnits,
        CurrencyCode = coupon.Currency,
    };

    public static PersonProfile Profile(Profile? profile) => profile is null ? PersonProfile.Empty : new PersonProfile(
        Text(profile.GivenName, "profile.given_name", NameLengthMax),
        Text(profile.FamilyName, "profile.family_name", NameLengthMax),
        profile.Email.Length == 0 ? null : Email(profile.Email, "profile.email"),
        profile.Phone.Length == 0 ? null : Phone(profile.Phone, "profile.phone"),
        BirthDate(profile.BirthDate),
        profile.TimeZone.Length == 0 ? null : RequestField.TimeZone(profile.TimeZone, "profile.time_zone"),
        Text(profile.Locale, "profile.locale", LocaleLengthMax));

    /// <summary>What the profile can be found by.</summary>
    public static IEnumerable<(CustomerKeyKind Kind, string Address)> Keys(this PersonProfile profile)
    {
        if (profile.Email is { } email) yield return (CustomerKeyKind.Email, email);
        if (profile.Phone is { } phone) yield return (CustomerKeyKind.Phone, phone);
    }

    public static string Email(string email, string field)
    {
        RequestField.Text(email, field, CustomerKeys.AddressMax);
        var at = email.Trim().IndexOf('@');
        return at > 0 && at == email.Trim().LastIndexOf('@') && at < email.Trim().Length - 1
            ? email.Trim()
            : throw RequestField.Invalid(field, "an_address_with_one_at_sign");
    }

    public static string Phone(string phone, string field)
    {
        RequestField.Text(phone, field, TextLengthMax);
        var digits = CustomerKeys.Normalize(CustomerKeyKind.Phone, phone).TrimStart('+').Length;
        return digits is >= PhoneDigitsMin and <= PhoneDigitsMax
            ? phone.Trim()
            : throw RequestField.Invalid(field, $"{PhoneDigitsMin}_to_{PhoneDigitsMax}_digits");
    }

    public static ImmutableArray<Consent> Consents(IReadOnlyList<V1.Consent> consents) => consents.Count == 0
        ? default
        : [.. RequestField.AtMost(consents, "consents", ConsentsMax).Select(consent => new Consent(
            RequestField.Id(consent.BrandId, "consents.brand_id"),
            Word(consent.Channel, "consents.channel"),
            Word(consent.Purpose, "consents.purpose"),
            consent.Granted,
            Text(consent.Source, "consents.source", TextLengthMax),
            Text(consent.TextVersion, "consents.text_version", TextLengthMax),
            default))];

    /// <summary>"email" for CHANNEL_EMAIL: enum values are stored by their names.</summary>
    public static string Word<T>(T value, string field)
        where T : struct, Enum => Enum.IsDefined(value) && Convert.ToInt32(value) != 0
            ? value.ToString().ToLowerInvariant()
            : throw RequestField.Invalid(field, "known");

    public static string? Text(string text, string field, int lengthMax) =>
        text.Length == 0 ? null : RequestField.OptionalText(text, field, lengthMax);

    private static V1.Consent ToProto(Consent consent) => new()
    {
        BrandId = consent.BrandId,
        Channel = Enum.Parse<Channel>(consent.Channel, ignoreCase: true),
        Purpose = Enum.Parse<Purpose>(consent.Purpose, ignoreCase: true),
        Granted = consent.IsGranted,
        Source = consent.Source ?? "",
        TextVersion = consent.TextVersion ?? "",
        ChangeTime = consent.ChangedAt.ToProto(),
    };

    private static string? BirthDate(string date)
    {
        if (date.Length == 0) return null;
        return LocalDatePattern.Iso.Parse(date).Success || BirthdayPattern.Parse(date).Success
            ? date
            : throw RequestField.Invalid("profile.birth_date", "iso_8601_date");
    }
}
