using System.Text.Json.Serialization;
using Retention.Domain.Agreements;
using Retention.Domain.Json;
using Retention.Kernel;

namespace Retention.Domain.Links;

/// <summary>Persons and tokens of one agreement, in its partition.</summary>
public static class LinkGrains
{
    public static readonly IGrainKind Person = new JsonGrainKind<PersonState, PersonFact>(
        "joint-person",
        PersonState.Initial,
        static (state, fact) => state.Evolve(fact),
        LinkJson.Default.PersonState,
        LinkJson.Default.PersonFact);

    public static readonly IGrainKind Token = new JsonGrainKind<TokenState, TokenFact>(
        "link-token",
        TokenState.Initial,
        static (state, fact) => state.Evolve(fact),
        LinkJson.Default.TokenState,
        LinkJson.Default.TokenFact);

    public static GrainId PersonId(string agreementId, Side side, string pseudonym) =>
        new(PartitionId.Agreement(agreementId), "joint-person", $"{side}|{pseudonym}");

    public static GrainId TokenId(string agreementId, string hash) =>
        new(PartitionId.Agreement(agreementId), "link-token", hash);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    IgnoreReadOnlyProperties = true,
    Converters = [typeof(InstantJson)])]
[JsonSerializable(typeof(PersonState))]
[JsonSerializable(typeof(PersonFact))]
[JsonSerializable(typeof(TokenState))]
[JsonSerializable(typeof(TokenFact))]
[JsonSerializable(typeof(OfferLink))]
[JsonSerializable(typeof(ChangeStanding))]
[JsonSerializable(typeof(EndLink))]
[JsonSerializable(typeof(LinkMade))]
[JsonSerializable(typeof(LinkEnded))]
internal sealed partial class LinkJson : JsonSerializerContext;
