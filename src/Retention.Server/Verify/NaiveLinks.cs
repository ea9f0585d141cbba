using System.Text.Json;
using NodaTime;
using Retention.Kernel;

namespace Retention.Server.Verify;

/// <summary>
/// The laws of links: a person is linked to one other who is linked back under the same id, by a token that was good and
/// is used once; and no coupon is issued to or redeemed for a person whose consent the agreement knows to be withdrawn.
/// </summary>
public sealed class NaiveLinks : INaiveLaw
{
    private readonly HashSet<string> stacked = [];
    private readonly Dictionary<GrainId, Person> persons = [];
    private readonly Dictionary<GrainId, (Instant ExpiresAt, bool IsUsed)> tokens = [];
    private readonly Dictionary<GrainId, GrainId> holders = [];
    private readonly HashSet<(PartitionId, string)> made = [];
    private readonly List<Difference> found = [];

    public string Name => "links";

    public bool Concerns(string grainKind) => grainKind is "joint-person" or "link-token" or "joint-coupon";

    public void See(NaiveFact fact)
    {
        switch (fact.Type)
        {
            case "token-offered":
                if (!tokens.TryAdd(fact.Grain, (fact.Json.Moment("expires_at") ?? default, false))) Tell(fact, "a token is given twice");
                break;
            case "token-used":
                Use(fact);
                break;
            case "person-offered":
                persons[fact.Grain] = Of(fact.Grain) with { Standing = "Granted" };
                break;
            case "person-linked":
                Link(fact);
                break;
            case "person-unlinked":
                if (Of(fact.Grain).LinkId != fact.Json.Text("link_id")) Tell(fact, "another link is ended");
                persons[fact.Grain] = Of(fact.Grain) with { LinkId = "", Other = "" };
                break;
            case "person-standing":
                persons[fact.Grain] = Of(fact.Grain) with { Standing = fact.Json.Text("standing") };
                break;
            case "joint-coupon-issued":
                var side = fact.Json.Text("leg_id") == "1" ? "First" : "Second";
                holders[fact.Grain] = PersonId(fact.Grain.Partition, side, fact.Json.Text("pseudonym"));
                RequireConsent(fact);
                break;
            case "joint-stack-held":
                RequireConsent(fact);
                stacked.Add(fact.Json.Text("redemption"));
                break;
            case "joint-coupon-redeemed":
                // Consent was checked when the order's coupon was held; the chain's word is carried out.
                if (!stacked.Contains(fact.Json.Text("redemption"))) RequireConsent(fact);
                break;
        }
    }

    public IEnumerable<Difference> Judge(GrainId grain, JsonElement state)
    {
        if (grain.Kind != "joint-person") yield break;
        var person = Of(grain);
        if (state.Text("standing") != person.Standing) yield return Different("standing", state, person.Standing);
        if (state.Text("link_id") != person.LinkId) yield return Different("link_id", state, person.LinkId);
        if (state.Text("other") != person.Other) yield return Different("other", state, person.Other);

        Difference Different(string field, JsonElement shown, string counted) =>
            new(grain, Name, $"{field} is {shown.Text(field)}, the journal says {counted}");
    }

    public IEnumerable<Difference> Finish()
    {
        foreach (var (grain, person) in persons.Where(person => person.Value.LinkId.Length > 0))
        {
            var back = PersonId(grain.Partition, Side(grain) == "First" ? "Second" : "First", person.Other);
            var isMutual = Of(back).LinkId == person.LinkId && Of(back).Other == grain.Key[(Side(grain).Length + 1)..];
            if (!isMutual) found.Add(new Difference(grain, Name, "is linked to one who is not linked back"));
            if (person.Standing is "Withdrawn" or "Erased") found.Add(new Difference(grain, Name, "is linked without consent"));
            if (!made.Contains((grain.Partition, person.LinkId))) found.Add(new Difference(grain, Name, "is linked without a token"));
        }

        return found;
    }

    private void Use(NaiveFact fact)
    {
        var (expiresAt, isUsed) = tokens.TryGetValue(fact.Grain, out var known) ? known : (default, true);
        if (isUsed) Tell(fact, "a token is used twice, or was never given");
        else if (fact.Json.Moment("at") >= expiresAt) Tell(fact, "a dead token is used");
        tokens[fact.Grain] = (expiresAt, true);
        made.Add((fact.Grain.Partition, "link_" + fact.Grain.Key[..24]));
    }

    private void Link(NaiveFact fact)
    {
        if (Of(fact.Grain).LinkId.Length > 0) Tell(fact, "a linked person is linked again");
        persons[fact.Grain] = new Person("Granted", fact.Json.Text("link_id"), fact.Json.Text("other"));
    }

    private void RequireConsent(NaiveFact fact)
    {
        if (!holders.TryGetValue(fact.Grain, out var holder)) return;
        if (Of(holder).Standing is "Unknown" or "Granted") return;
        Tell(fact, $"a coupon moves while its holder's consent is {Of(holder).Standing}");
    }

    private Person Of(GrainId grain) => persons.GetValueOrDefault(grain, new Person("Unknown", "", ""));

    private static GrainId PersonId(PartitionId agreement, string side, string pseudonym) =>
        new(agreement, "joint-person", $"{side}|{pseudonym}");

    private static string Side(GrainId person) => person.Key[..person.Key.IndexOf('|')];

    private void Tell(NaiveFact fact, string what) =>
        found.Add(new Difference(fact.Grain, Name, $"journal record {fact.Position}: {what}"));

    private readonly record struct Person(string Standing, string LinkId, string Other);
}
