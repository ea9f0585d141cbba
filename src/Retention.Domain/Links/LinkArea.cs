namespace Retention.Domain.Links;

/// <summary>Persons who are customers of both brands of an agreement and said so.</summary>
public static class LinkArea
{
    public static readonly Area Area = new(
        [LinkGrains.Person, LinkGrains.Token],
        new Dictionary<string, EffectTurn>
        {
            [LinkMessages.Offer] = LinkTurns.ReceiveOffer,
            [LinkMessages.Standing] = LinkTurns.ReceiveStanding,
            [LinkMessages.End] = LinkTurns.ReceiveEnd,
            [LinkMessages.Made] = CustomerLinks.ReceiveMade,
            [LinkMessages.Ended] = CustomerLinks.ReceiveEnded,
        });
}
