using System.Text.Json;

namespace Retention.Server.Verify;

/// <summary>What a stored clearing entry is called in its line, and what its line says beside the columns.</summary>
internal static class NaiveEntry
{
    public static string KindOf(string type) => type switch
    {
        "redemption-cleared" => "REDEEMED",
        "redemption-pending" => "PROVISIONAL",
        "redemption-confirmed" => "CONFIRMED",
        "redemption-unconfirmed" => "UNCONFIRMED",
        "reversal-cleared" => "REVERSED",
        "claw-back-cleared" => "CLAWED_BACK",
        "sale-return-cleared" => "SALE_RETURNED",
        "fee-cleared" => "FEE",
        "fee-reversed" => "FEE_REVERSED",
        "tax-cleared" => "TAX",
        "settlement-confirmed" => "SETTLED",
        "dispute-opened" => "DISPUTED",
        "dispute-resolved" => "DISPUTE_RESOLVED",
        _ => throw new InvalidOperationException($"{type} is no entry."),
    };

    /// <summary>
    /// Whether the entry is for the discount of a coupon, not for a fee, a tax or a payment. The fee of an issue and its
    /// dispute name the coupon, too, and no redemption.
    /// </summary>
    public static bool IsOfCoupon(NaiveFact fact) => fact.Json.Text("redemption").Length > 0
        && fact.Type is not ("fee-cleared" or "fee-reversed" or "tax-cleared" or "settlement-confirmed");

    /// <summary>Fee and tax of a redemption.</summary>
    public static bool IsExtraOfRedemption(NaiveFact fact) => fact.Json.Text("redemption").Length > 0
        && fact.Type is "fee-cleared" or "fee-reversed" or "tax-cleared";

    /// <summary>What is posted to the first side in one book; the net one stands without its name.</summary>
    public static long First(JsonElement json, string book) => json.List("postings")
        .Where(posting => posting.Text("side") == "First" && posting.Text("book") == book)
        .Sum(posting => posting.Long("minor_units"));

    public static List<KeyValuePair<string, string>> Details(NaiveFact fact, long firstLater)
    {
        var (json, details) = (fact.Json, new List<KeyValuePair<string, string>>());
        if (json.Part("rate") is { } rate)
        {
            Number("counter", First(json, "Counter"));
            if (First(json, "CounterProvisional") is var later and not 0) Number("counter_provisional", later);
            Text("rate", $"{rate.Long("units")}:{rate.Long("counter_units")}");
            Text("rate_date", rate.Text("on"));
            Text("rate_source", rate.Text("source"));
        }

        if (firstLater != 0) Number("provisional", firstLater);
        if (json.Long("tax_included_minor_units") is var tax and not 0) Number("tax_included", tax);
        switch (fact.Type)
        {
            case "sale-return-cleared":
                Number("returned", json.Long("returned_minor_units"));
                Number("sold", json.Long("sold_minor_units"));
                break;
            case "fee-cleared":
                Text("for", json.Text("trigger"));
                break;
            case "tax-cleared":
                Number("rate_bps", json.Long("rate_bps"));
                Number("taxed_entry", json.Long("taxed_number"));
                break;
            case "settlement-confirmed":
                Text("settlement", json.Text("settlement_id"));
                Text("value_date", json.Text("value_on"));
                Text("reference", json.Text("reference"));
                break;
            case "dispute-opened":
                Text("dispute", json.Text("dispute_id"));
                Number("entry", json.Long("disputed_number"));
                Number("disputed", json.Long("first_minor_units"));
                break;
            case "dispute-resolved":
                Text("dispute", json.Text("dispute_id"));
                Number("entry", json.Long("disputed_number"));
                Text("outcome", json.Text("outcome"));
                break;
        }

        return details;

        void Number(string name, long value) => Text(name, NaiveLine.Text(value));

        void Text(string name, string value)
        {
            if (value.Length > 0) details.Add(new KeyValuePair<string, string>(name, value));
        }
    }
}
